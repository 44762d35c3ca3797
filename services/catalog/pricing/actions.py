"""Setting and withdrawing list prices, tax classes and tax policies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import InvalidInput, NotFound, Path, Refusal, Refused, Unavailable, VersionConflict
from services.catalog.pricing.model import (
    BookEdit,
    ListPriceDraft,
    PriceBook,
    check_list_price,
    with_price,
)
from services.catalog.pricing.store import product_key, sku_key
from services.catalog.pricing.tax import TaxClass, TaxPolicy, check_policy
from services.catalog.store import CatalogStore

MAX_DRAFTS = 200
"""List prices of one call: some hundred kilobytes, and less than a second of writes."""
ATTEMPTS = 20
"""How often an edit is decided anew because somebody else edited the same SKU; each loser loses to a winner."""


@dataclass(frozen=True, slots=True)
class BooksEdited:
    """The books as they are now, by SKU, and what was refused; a SKU's prices are kept all together or not at all."""

    books: dict[str, PriceBook]
    refusals: list[Refusal]


async def set_list_prices(store: CatalogStore, drafts: Sequence[ListPriceDraft], *, now: datetime) -> BooksEdited:
    """Keep these prices beside the others, one write a SKU."""
    if not 1 <= len(drafts) <= MAX_DRAFTS:
        path = ("input", "prices")
        raise Refused(InvalidInput(path=path, expected=f"1 to {MAX_DRAFTS} prices", got=str(len(drafts))))
    paths = [("input", "prices", str(place)) for place in range(len(drafts))]
    refused = await _check_all(store, drafts, paths)
    bad = {drafts[int(problem.path[2])].sku for problem in refused}
    edited = BooksEdited({}, refused)
    for sku in dict.fromkeys(draft.sku for draft in drafts if draft.sku not in bad):
        own = [(draft, path) for draft, path in zip(drafts, paths, strict=True) if draft.sku == sku]
        try:
            edited.books[sku] = await _edit(store, sku, lambda book, own=own: _with_all(book, own), now=now)  # type: ignore[misc]
        except Refused as refusal:
            edited.refusals.extend(refusal.refusals)
    return edited


async def withdraw_list_price(store: CatalogStore, sku: str, price_id: str, *, now: datetime) -> PriceBook:
    """Take a list price out; what it was stays in the history."""

    def without(book: PriceBook) -> BookEdit:
        left = tuple(price for price in book.prices if price.id != price_id)
        if len(left) == len(book.prices):
            return BookEdit(refusals=[NotFound(path=("input", "id"), kind="ListPrice", id=price_id)])
        return BookEdit(prices=left)

    return await _edit(store, sku, without, now=now)


async def set_tax_class(
    store: CatalogStore, tax_class: TaxClass, *, sku: str | None = None, product_id: str | None = None
) -> PriceBook:
    """The tax class of a SKU, or of a product and all its variants that have none of their own."""
    if sku is not None and not await store.product.by_sku([sku]):
        raise Refused(NotFound(path=("input", "sku"), kind="Variant", id=sku))
    if product_id is not None and not await store.product.by_id([product_id]):
        raise Refused(NotFound(path=("input", "productId"), kind="Product", id=product_id))
    key = sku_key(sku) if sku is not None else product_key(product_id or "")
    for _ in range(ATTEMPTS):
        book = (await store.pricing.books([key])).get(key, PriceBook())
        kept = await store.pricing.put_tax_class(key, book.version, tax_class)
        if kept is not None:
            return kept
    raise Unavailable("the tax class could not be kept; try again")


async def set_tax_policy(store: CatalogStore, policy: TaxPolicy) -> TaxPolicy:
    """How a channel is taxed from now on; `policy.version` is the one that was read, 0 if there was none."""
    problems = check_policy(policy)
    if problems:
        raise Refused(*problems)
    if not await store.pricing.put_policy(policy):
        there = (await store.pricing.policies([policy.channel])).get(policy.channel)
        actual = 0 if there is None else int(there["version"])
        raise Refused(VersionConflict(expected_version=policy.version, actual_version=actual))
    return replace(policy, version=policy.version + 1)


async def _check_all(store: CatalogStore, drafts: Sequence[ListPriceDraft], paths: Sequence[Path]) -> list[Refusal]:
    refused = [problem for draft, path in zip(drafts, paths, strict=True) for problem in check_list_price(draft, path)]
    known = await store.product.by_sku(sorted({draft.sku for draft in drafts}))
    channels = {draft.price.scope.channel for draft in drafts} - {None}
    there = await store.channel.by_id(sorted(id for id in channels if id is not None)) if channels else {}
    for draft, path in zip(drafts, paths, strict=True):
        channel = draft.price.scope.channel
        if draft.sku not in known:
            refused.append(NotFound(path=(*path, "sku"), kind="Variant", id=draft.sku))
        if channel is not None and channel not in there:
            refused.append(NotFound(path=(*path, "channel"), kind="Channel", id=channel))
    return refused


def _with_all(book: PriceBook, drafts: Sequence[tuple[ListPriceDraft, Path]]) -> BookEdit:
    edit = BookEdit(prices=book.prices)
    for draft, path in drafts:
        edit = with_price(replace(book, prices=edit.prices), draft, path)
        if edit.refusals:
            return edit
    return edit


async def _edit(store: CatalogStore, sku: str, decide: Callable[[PriceBook], BookEdit], *, now: datetime) -> PriceBook:
    """Decide on the book as it is, and keep the decision if it still is; else decide again."""
    key = sku_key(sku)
    for _ in range(ATTEMPTS):
        book = (await store.pricing.books([key])).get(key, PriceBook())
        edit = decide(book)
        if edit.refusals:
            raise Refused(*edit.refusals)
        kept = await store.pricing.put_prices(sku, book.version, edit.prices, now=now)
        if kept is not None:
            return kept
    raise Unavailable(f"the prices of {sku!r} are edited by too many at once; try again")
