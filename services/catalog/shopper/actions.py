"""A customer's segments and rank by hand."""

from datetime import datetime

from kit.errors import InvalidInput, Refused
from services.catalog.shopper.model import Shopper, check_shopper
from services.catalog.store import CatalogStore

MAX_ID = 64
"""Characters of a customer's id: a prefix and a ULID, with room."""


async def put_shopper(
    store: CatalogStore, customer: str, segments: frozenset[str], rank: str | None, *, now: datetime
) -> Shopper:
    """Keep both; an event of a later time goes before them."""
    problems = check_shopper(segments, rank)
    if not 1 <= len(customer) <= MAX_ID:
        expected = f"1 to {MAX_ID} characters"
        problems.append(InvalidInput(path=("input", "customerId"), expected=expected, got=str(len(customer))))
    if problems:
        raise Refused(*problems)
    return await store.shopper.put(customer, segments, rank, now=now)
