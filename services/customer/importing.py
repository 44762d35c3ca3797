"""Many customers at once, from another system: again changes nothing.

In chunks, each in a handful of writes: drafts, claims, publication. A row whose first external id is known is matched
and left as it is. An import that died is simply run again: drafts it left are aborted and begun anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from kit.errors import InvalidInput, Refusal, Refused
from kit.ids import new_id
from services.customer.checks import check_draft_leniently
from services.customer.claim.store import Taken
from services.customer.identity import IdentityType
from services.customer.model import (
    DEFAULT_SOURCE,
    Customer,
    CustomerDraft,
    CustomerExternalIdTaken,
    CustomerId,
    ExternalId,
    Holder,
    IdentityTaken,
    ImportRefusal,
    ImportResult,
    State,
    UnclaimedIdentity,
)
from services.customer.store import CustomerStore

CHUNK = 1_000
"""Customers written at a time: few round trips, and messages of about a megabyte."""
ATTEMPTS = 3
"""Rounds for rows that another import has under its hands at the same moment."""
DEFAULT_REGION = "JP"


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    customer: Customer
    unusable: Sequence[Refusal]

    @property
    def name(self) -> ExternalId:
        return self.customer.external_ids[0]


async def import_customers(
    store: CustomerStore, drafts: Iterable[CustomerDraft], *, now: datetime, region: str = DEFAULT_REGION
) -> ImportResult:
    """Create the customers whose first external id is new, as members since their day; match the others.

    An identity that somebody else has, or that is none, is left as contact data and reported.
    """
    result = ImportResult()
    numbered = enumerate(drafts)
    while chunk := list(islice(numbered, CHUNK)):
        await _import_rows(store, _check(chunk, region, now, result), now, result)
    return result


def _check(drafts: Iterable[tuple[int, CustomerDraft]], region: str, now: datetime, result: ImportResult) -> list[_Row]:
    rows: list[_Row] = []
    for number, draft in drafts:
        try:
            customer, unusable = check_draft_leniently(_with_contacts(draft), CustomerId(""), region=region, now=now)
        except Refused as refused:
            result.refused.append(ImportRefusal(number, tuple(refused.refusals)))
            continue
        if customer.external_ids:
            rows.append(_Row(number, customer, unusable))
        else:
            nameless = InvalidInput(path=("externalIds",), expected="at least one", got="none")
            result.refused.append(ImportRefusal(number, (nameless,)))
    return rows


def _with_contacts(draft: CustomerDraft) -> CustomerDraft:
    """Mail addresses and numbers among the identities are contact data as well, whatever becomes of the identity.

    The source, where none is named, is the system of the first external id.
    """
    emails = [identity.value for identity in draft.identities if identity.type is IdentityType.EMAIL]
    phones = [identity.value for identity in draft.identities if identity.type is IdentityType.PHONE]
    source = draft.external_ids[0].source if draft.external_ids and draft.source == DEFAULT_SOURCE else draft.source
    return replace(draft, emails=(*draft.emails, *emails), phones=(*draft.phones, *phones), source=source)


async def _import_rows(store: CustomerStore, rows: Sequence[_Row], now: datetime, result: ImportResult) -> None:
    for _ in range(ATTEMPTS):
        fresh = await _match(store, rows, result)
        live = await _create(store, fresh, now, result)
        rows = [row for row in fresh if row.number not in live]
        if not rows:
            return
    for row in rows:
        result.refused.append(ImportRefusal(row.number, (_external_id_taken(row.name),)))


async def _match(store: CustomerStore, rows: Sequence[_Row], result: ImportResult) -> list[_Row]:
    """Report the rows that are there, clear away unfinished ones, and return those to create, each with a fresh id."""
    holders = await store.holders(ref for row in rows for ref in row.customer.external_ids)
    fresh: list[_Row] = []
    for row in rows:
        held = {ref: holders[ref] for ref in row.customer.external_ids if ref in holders}
        live = [ref for ref, holder in held.items() if holder.state in (State.LIVE, State.MERGED)]
        if row.name in live:
            result.ids[row.name.value] = held[row.name].id
            result.matched += 1
        elif live:
            result.refused.append(ImportRefusal(row.number, tuple(map(_external_id_taken, live))))
        else:
            await _clear(store, held.values())
            id = CustomerId(new_id("cus", at=row.customer.member_since))
            fresh.append(replace(row, customer=replace(row.customer, id=id)))
    return fresh


async def _clear(store: CustomerStore, holders: Iterable[Holder]) -> None:
    for holder in holders:
        if await store.abort(holder.id):
            await store.discard(holder.id)


async def _create(store: CustomerStore, rows: Sequence[_Row], now: datetime, result: ImportResult) -> set[int]:
    """Draft, claim, publish; the numbers of the rows that are live now."""
    if not rows:
        return set()
    drafted = await store.insert_drafts([row.customer for row in rows])
    rows = [row for row in rows if row.customer.id in drafted]
    taken = await store.claims.take_all([row.customer for row in rows], now)
    drafts = _without(taken, rows)
    await store.keep_identities([draft for draft in drafts if draft.id in {one.profile for one in taken}])
    published = await store.publish_all(drafts)
    await store.claims.settle([draft for draft in drafts if draft.id in published])
    await store.claims.release([draft for draft in drafts if draft.id not in published])
    done = [row for row in rows if row.customer.id in published]
    for row in done:
        result.ids[row.name.value] = row.customer.id
        result.created += 1
        result.unclaimed += [UnclaimedIdentity(row.name, refusal) for refusal in row.unusable]
    names: dict[str, ExternalId] = {row.customer.id: row.name for row in done}
    result.unclaimed += [UnclaimedIdentity(names[t.profile], _taken(t)) for t in taken if t.profile in names]
    return {row.number for row in done}


def _without(taken: Iterable[Taken], rows: Iterable[_Row]) -> list[Customer]:
    lost = {(one.profile, one.identity.type, one.identity.value) for one in taken}
    if not lost:
        return [row.customer for row in rows]
    return [
        replace(
            row.customer,
            identities=tuple(i for i in row.customer.identities if (row.customer.id, i.type, i.value) not in lost),
        )
        for row in rows
    ]


def _taken(taken: Taken) -> IdentityTaken:
    return IdentityTaken(path=("identities",), type=taken.identity.type, customer_id=taken.holder)


def _external_id_taken(ref: ExternalId) -> CustomerExternalIdTaken:
    return CustomerExternalIdTaken(path=("externalIds",), source=ref.source, value=ref.value)
