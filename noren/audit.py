"""`noren audit`: who did what with which key, and whether the record is as it was written."""

import uvloop

from gateway.app import access_database
from gateway.audit.store import AuditStore
from gateway.settings import GatewaySettings
from kit.mongo import Document, open_database
from noren.database import use_mongodb


def read(limit: int, caller: str | None, field: str | None) -> tuple[list[str], int | None]:
    """Lines to show, the oldest first, and the number of the first entry that was altered or taken out."""
    settings = GatewaySettings()

    async def main(url: str) -> tuple[list[Document], int | None]:
        async with open_database(url, access_database(settings)) as db:
            store = AuditStore(db)
            return await store.latest(limit, caller=caller, field=field), await store.chain.first_broken()

    with use_mongodb(settings) as url:
        entries, broken = uvloop.run(main(url))
    return [line_of(entry) for entry in entries], broken


def line_of(entry: Document) -> str:
    """One entry, for people."""
    at = f"{entry['at']:%Y-%m-%d %H:%M:%S}Z"
    who = " ".join(f"{name}={entry[name]}" for name in ("staff", "customer", "location") if entry.get(name))
    caller, channel = entry["caller"] or "-", entry.get("channel") or "-"
    done = ", ".join(entry["outcome"]) or "done"
    fields = ", ".join(entry["fields"])
    return f"{entry['number']:>7} {at} {caller}@{channel} {who + ' ' if who else ''}{fields}: {done}"
