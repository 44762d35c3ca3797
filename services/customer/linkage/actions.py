"""Linkage of the profiles that are kept: candidates for a person to judge. Offline, and as often as one likes."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from services.customer.folding import fold, fold_kana
from services.customer.identity import IdentityType, Unusable, normalise
from services.customer.linkage.model import REVIEW_FROM, Link, Person, fold_address
from services.customer.linkage.splinked import link
from services.customer.merge.model import Evidence, EvidenceKind
from services.customer.merge.store import MergeStore
from services.customer.model import Customer, PersonName
from services.customer.store import CustomerStore

MAX_WEIGHT = 0.9999
"""No comparison of what people write proves anything."""


@dataclass(frozen=True, slots=True)
class Linked:
    """How many customers were compared, and the pairs that became candidates or were candidates before."""

    customers: int
    pairs: int


async def suggest_links(store: CustomerStore, *, region: str, least: float = REVIEW_FROM, now: datetime) -> Linked:
    """Compare all customers who are known; every pair at least so likely one person is a candidate.

    Again replaces what linkage said of a pair before; a pair that was rejected stays rejected.
    """
    people = [person_of(customer, region) async for customer in _everybody(store)]
    links = await asyncio.to_thread(link, people, least=least)
    merges = MergeStore(store)
    for one in links:
        await merges.suggest(one.left, one.right, [_evidence(one)], now)
    return Linked(len(people), len(links))


def person_of(customer: Customer, region: str) -> Person:
    """A customer as linkage compares them."""
    name, address = customer.name or PersonName(), next(iter(customer.addresses), None)
    street = "" if address is None else "".join(filter(None, (address.region, address.city, address.line1)))
    postal = "" if address is None else "".join(filter(str.isdigit, address.postal_code or ""))
    return Person(
        id=customer.id,
        family=_folded(name.family),
        given=_folded(name.given),
        family_kana=_read(name.family_kana),
        given_kana=_read(name.given_kana),
        birthday=customer.birthday,
        postal=postal or None,
        street=fold_address(street) or None,
        phones=_reached(customer, IdentityType.PHONE, customer.phones, region),
        emails=_reached(customer, IdentityType.EMAIL, customer.emails, region),
    )


async def _everybody(store: CustomerStore) -> AsyncIterator[Customer]:
    async for customers in store.everybody():
        for customer in customers:
            yield customer


def _reached(customer: Customer, type: IdentityType, contacts: Iterable[str], region: str) -> tuple[str, ...]:
    """Proven or not, in the one spelling; what is none is left out."""
    found = dict.fromkeys(one.value for one in customer.identities if one.type is type)
    for raw in contacts:
        with suppress(Unusable):
            found[normalise(type, raw, region=region)] = None
    return tuple(found)


def _folded(text: str | None) -> str | None:
    return (fold(text) or None) if text else None


def _read(text: str | None) -> str | None:
    return (fold_kana(text) or None) if text else None


def _evidence(one: Link) -> Evidence:
    """What was found, part by part, without a value of anybody's."""
    facts = ", ".join(f"{part.part}: {part.finding}" for part in one.evidence)
    return Evidence(EvidenceKind.LINKAGE, facts, min(round(one.probability, 4), MAX_WEIGHT))
