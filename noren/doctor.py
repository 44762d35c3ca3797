"""`noren doctor`: whether everything that must hold does, each check a line with its facts."""

import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import uvloop
from pymongo import IndexModel
from rich.console import Console

from gateway.keys.directory import open_key_store
from gateway.settings import GatewaySettings
from kit.chain import first_broken
from kit.events.consumer import CHECKPOINTS, PARKED
from kit.events.outbox import HAS_OUTBOX
from kit.mongo import Collection, Database, missing_indexes, open_database
from noren.database import MongodbUnusable, ask
from noren.delivery import Stores
from noren.stores import open_stores
from noren.system import GATEWAY, SERVICES, port_of
from services.catalog.redemption.actions import audit_redemptions
from services.catalog.review.counting import audit as audit_ratings
from services.catalog.store import INDEXES as CATALOG_INDEXES
from services.customer.actions import audit as audit_customers
from services.customer.store import INDEXES as CUSTOMER_INDEXES
from services.inventory.actions import audit as audit_stock
from services.inventory.store import INDEXES as INVENTORY_INDEXES
from services.loyalty.accounting.actions import audit_days
from services.loyalty.accounting.store import AccountingStore
from services.loyalty.actions import audit as audit_points
from services.loyalty.claim.audit import audit_claims
from services.loyalty.store import INDEXES as LOYALTY_INDEXES
from services.order.audit import audit as audit_orders
from services.order.store import INDEXES as ORDER_INDEXES

INDEXES: Mapping[str, Mapping[str, Sequence[IndexModel]]] = {
    "catalog": CATALOG_INDEXES,
    "inventory": INVENTORY_INDEXES,
    "loyalty": LOYALTY_INDEXES,
    "customer": CUSTOMER_INDEXES,
    "order": ORDER_INDEXES,
}
MAX_SHOWN = 10
"""Disagreements shown of one check; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it holds, and what was seen."""

    check: str
    ok: bool
    seen: str
    details: Sequence[str] = ()


def examine(mongodb_url: str, settings: GatewaySettings) -> list[Finding]:
    """Every check, in order; one that cannot run is a finding too."""
    return uvloop.run(check_all(mongodb_url, settings))


async def check_all(mongodb_url: str, settings: GatewaySettings) -> list[Finding]:
    """As `examine`, for those who are in an event loop already."""
    findings = [await _mongodb(mongodb_url), *_ports(settings)]
    if not findings[0].ok:
        return findings
    # Before any store is opened, since opening one makes its indexes.
    indexes = [await _indexes(mongodb_url, settings, name) for name in INDEXES]
    findings += indexes
    if all(finding.ok for finding in indexes):
        async with open_stores(mongodb_url) as stores:
            findings += [finding async for finding in _stores(stores)]
    findings.append(await _key_records(mongodb_url, settings))
    return findings


def print_report(console: Console, findings: Sequence[Finding]) -> None:
    """A line a finding, failures with their details."""
    for finding in findings:
        mark = "[green]ok  [/green]" if finding.ok else "[red]FAIL[/red]"
        console.print(f"{mark} {finding.check}: {finding.seen}")
        for detail in finding.details[:MAX_SHOWN]:
            console.print(f"       {detail}", markup=False)
    failed = sum(not finding.ok for finding in findings)
    console.print("everything holds" if not failed else f"{failed} of {len(findings)} checks failed")


async def _indexes(url: str, settings: GatewaySettings, name: str) -> Finding:
    async with open_database(url, f"{settings.database_prefix}_{name}") as db:
        missing = await missing_indexes(db, INDEXES[name])
    return Finding(f"{name} indexes", not missing, f"{len(missing)} missing", missing)


async def _mongodb(url: str) -> Finding:
    try:
        return Finding("mongodb", True, await ask(url))
    except MongodbUnusable as error:
        return Finding("mongodb", False, str(error))


def _ports(settings: GatewaySettings) -> list[Finding]:
    """Whether each port is free or already answers: both are fine, and good to know."""
    findings: list[Finding] = []
    for name in (GATEWAY, *SERVICES):
        port = port_of(name, settings.port)
        with socket.socket() as probe:
            probe.settimeout(1)
            busy = probe.connect_ex(("127.0.0.1", port)) == 0
        findings.append(Finding(f"port {port}", True, f"{name} listens" if busy else f"free for {name}"))
    return findings


async def _stores(stores: Stores) -> AsyncIterator[Finding]:
    databases: Mapping[str, Database] = {
        "catalog": stores.catalog.db,
        "inventory": stores.inventory.db,
        "loyalty": stores.loyalty.db,
        "customer": stores.customer.db,
        "order": stores.order.db,
    }
    for name, db in databases.items():
        yield await _outboxes(name, db)
        yield await _parked(name, db)
    yield _books("inventory journal equals stock", await audit_stock(stores.inventory))
    yield _books("loyalty journal equals wallets", await audit_points(stores.loyalty))
    yield _books("loyalty claims equal their points and pieces", await audit_claims(stores.loyalty))
    yield _books("loyalty closed days equal their entries", await audit_days(AccountingStore(stores.loyalty.db)))
    yield _books("customer identities belong to profiles", await audit_customers(stores.customer))
    yield _books("catalog ratings equal reviews", await audit_ratings(stores.catalog.review, stores.catalog.standing))
    yield _books("catalog budgets, limits and coupons equal redemptions", await audit_redemptions(stores.catalog))
    yield _books("order sums, returns and events agree", await audit_orders(stores.order))


async def _key_records(url: str, settings: GatewaySettings) -> Finding:
    async with open_key_store(url, settings.database_prefix) as store:
        records = await store.records()
    broken = first_broken(records)
    problems = [] if broken is None else [f"record {broken} was altered, or one before it is missing"]
    return Finding("records of keys are as they were written", not problems, f"{len(records)} records", problems)


async def _outboxes(name: str, db: Database) -> Finding:
    waiting = sum([await _count(db[collection]) for collection in INDEXES[name]])
    return Finding(f"{name} outbox", True, f"{waiting} documents wait to be drained")


async def _count(collection: Collection) -> int:
    return await collection.count_documents(HAS_OUTBOX)


async def _parked(name: str, db: Database) -> Finding:
    parked = await db[PARKED].find({}, {"event.id": 1, "error": 1}).limit(MAX_SHOWN).to_list()
    count = await db[PARKED].count_documents({})
    positions = await db[CHECKPOINTS].find({}, {"logged_at": 1}).to_list()
    reached = ", ".join(f"{p['_id']} up to {p.get('logged_at', 'the beginning')}" for p in positions) or "hears nothing"
    details = [f"{one['event']['id']}: {one['error']}" for one in parked]
    return Finding(f"{name} events", count == 0, f"{count} parked; {reached}", details)


def _books(check: str, problems: Sequence[object]) -> Finding:
    seen = "they agree" if not problems else f"{len(problems)} disagree"
    return Finding(check, not problems, seen, [str(problem) for problem in problems])
