"""Setting a programme: a new version, once."""

from dataclasses import replace
from datetime import datetime

from kit.idempotency import fingerprint
from services.loyalty.earning.model import FIRST, EarnRule, Programme, check_programme
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.versions.actions import Setting, put_in_force


async def set_programme(
    store: ProgrammeStore, wanted: Programme, key: str, *, expected_version: int, actor: str, now: datetime
) -> Programme:
    """Put a programme in force, from `valid_from` or from now on; it becomes the version after the newest.

    `wanted`'s own version is not looked at. The same key and input again returns the programme it made.
    """
    rates = dict(wanted.base.minor_units_per_point)
    content = fingerprint(expected_version, replace(wanted, base=EarnRule(0, rates)))

    def numbered(programme: Programme, version: int) -> Programme:
        return replace(programme, base=EarnRule(version, rates), valid_from=programme.valid_from or now)

    setting = Setting(wanted, key, content, expected_version, actor, now)
    return await put_in_force(
        store.versions, setting, lambda programme: check_programme(programme, now), numbered, first=FIRST.version
    )
