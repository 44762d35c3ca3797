"""Finding who stands at the counter, by less than an identity."""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import BadUserInput
from services.customer.counter.code import read_code
from services.customer.counter.model import (
    LAST_DIGITS,
    digits_term,
    ends_with,
    is_called,
    is_read_as,
    kana_terms,
    name_terms,
)
from services.customer.model import Customer
from services.customer.store import CustomerStore

MAX_FOUND = 20
"""More than that nobody reads at a counter: one asks for another letter."""
MAX_LOOKED_AT = 100
"""Profiles opened for one search, some milliseconds: of those a term finds, the longest known."""


async def by_code(store: CustomerStore, code: str, now: datetime) -> Customer | None:
    """Whose member code this is; None if it is over or nobody's."""
    id = read_code(store.code_key, code, now)
    return None if id is None else (await store.customers_by_id([id])).get(id)


async def search(
    store: CustomerStore, *, kana: str | None, name: str | None, last_digits: str | None
) -> list[Customer]:
    """Known customers whose reading begins so, or whose number ends and whose name begins so; the longest known first.

    BadUserInput unless it is a reading alone, or four digits and a name.
    """
    if kana is not None and name is None and last_digits is None:
        terms = kana_terms(kana)
        if not terms:
            raise BadUserInput("kana: expected at least one character")
        found = await _by_terms(store, [[term] for term in terms])
        return [one for one in found if not one.anonymous and is_read_as(one, kana)][:MAX_FOUND]
    if kana is None and name and last_digits is not None:
        return await _by_digits(store, name, last_digits)
    raise BadUserInput("expected kana alone, or lastDigits and name")


async def _by_digits(store: CustomerStore, name: str, last_digits: str) -> list[Customer]:
    term, terms = digits_term(last_digits), name_terms(name)
    if len(term) != LAST_DIGITS + 2 or not term[2:].isdecimal() or not terms:
        raise BadUserInput(f"lastDigits: expected {LAST_DIGITS} digits, and a name beside them")
    found = await _by_terms(store, [[term, named] for named in terms])
    return [one for one in found if is_called(one, name) and ends_with(one, last_digits)][:MAX_FOUND]


async def _by_terms(store: CustomerStore, either: Sequence[Sequence[str]]) -> list[Customer]:
    """Whom one of these sets of terms finds, the longest known first."""
    found: dict[str, Customer] = {}
    for terms in either:
        found |= {one.id: one for one in await store.customers_by_terms(terms, MAX_LOOKED_AT)}
    return sorted(found.values(), key=lambda one: one.id)
