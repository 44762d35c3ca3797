"""`noren link`: the customers of this database compared with each other; needs the extra `linkage`."""

from importlib.util import find_spec

import uvloop

from kit.times import utc_now
from services.customer.app import open_store
from services.customer.settings import Settings


class ExtraMissing(Exception):
    """What is needed is not installed; the message names the extra."""


def link(mongodb_url: str, least: float) -> str:
    """Compare, and tell what came of it."""
    if find_spec("splink") is None:
        raise ExtraMissing("comparing customers needs splink: install the extra, noren[linkage]")
    return uvloop.run(_link(Settings(mongodb_url=mongodb_url), least))


async def _link(settings: Settings, least: float) -> str:
    from services.customer.linkage.actions import suggest_links  # needs the extra, which is asked for by name above

    async with open_store(settings) as store:
        linked = await suggest_links(store, region=settings.phone_region, least=least, now=utc_now())
    return f"{linked.customers:,} customers were compared; {linked.pairs:,} pairs are candidates for a person to judge"
