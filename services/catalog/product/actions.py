"""Edits of products: check by the model, write by the store, refuse with the facts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from kit.errors import NotFound, Refused, VersionConflict
from kit.ids import new_id
from services.catalog.bundle.model import check_bundles
from services.catalog.conflict import Conflict
from services.catalog.model import PriceEntry, check_price
from services.catalog.product.checks import Facts, mentions
from services.catalog.product.composing import Wanted, compose, removed_skus, taken
from services.catalog.product.documents import Write
from services.catalog.product.model import Product, ProductDraft
from services.catalog.store import CatalogStore

IMPORT_BATCH: Final = 500
"""Products of one insert: some megabytes, one round trip."""


@dataclass(frozen=True, slots=True)
class ProductEdit:
    """Which product is edited and which version of it the editor saw."""

    id: str
    expected_version: int


@dataclass(frozen=True, slots=True)
class PriceEdit:
    """A new price for one SKU; `expected_version` is the product's."""

    sku: str
    entry: PriceEntry
    expected_version: int


async def upsert_product(
    store: CatalogStore, draft: ProductDraft, edit: ProductEdit | None, *, now: datetime
) -> Product:
    """Create a product, or replace the version somebody saw."""
    before = None if edit is None else await _seen(store, edit)
    wanted = Wanted(draft=draft, before=before)
    return await write_product(store, wanted, compose(wanted, await gather_facts(store, [draft]), now=now))


async def set_price(store: CatalogStore, edit: PriceEdit, *, now: datetime) -> Product:
    """Set one price of one variant, leaving all others as they are."""
    problems = check_price(edit.entry, ("input", "amount"))
    if problems:
        raise Refused(*problems)
    product = (await store.product.by_sku([edit.sku])).get(edit.sku)
    if product is None:
        raise Refused(NotFound(path=("input", "sku"), kind="Variant", id=edit.sku))
    channel = edit.entry.channel
    if channel is not None and not await store.channel.by_id([channel]):
        raise Refused(NotFound(path=("input", "channel"), kind="Channel", id=channel))
    variants = tuple(
        replace(variant, prices=_with_price(variant.prices, edit.entry)) if variant.sku == edit.sku else variant
        for variant in product.draft.variants
    )
    before = await _seen(store, ProductEdit(product.id, edit.expected_version))
    wanted = Wanted(draft=replace(product.draft, variants=variants), before=before)
    return await write_product(store, wanted, compose(wanted, await gather_facts(store, [wanted.draft]), now=now))


async def write_product(store: CatalogStore, wanted: Wanted, write: Write) -> Product:
    """Keep one product, or raise Refused."""
    try:
        if needs_turn(wanted, write):
            kept = await store.bundle.in_turn(lambda session: _write_in_turn(store, wanted, write, session))
            store.product.on_write([write.id])
            store.on_change()
        else:
            kept = await _write(store, write, None)
    except Conflict as conflict:
        raise Refused(taken(conflict, write.draft, wanted.at)) from conflict
    if kept is None:
        return await _refuse_edit(store, ProductEdit(write.id, write.version - 1))
    return kept


def needs_turn(wanted: Wanted, write: Write) -> bool:
    """Whether it touches what bundles are made of: it has or had some, or takes variants away."""
    had = wanted.before is not None and bool(wanted.before.draft.bundles)
    return had or bool(write.draft.bundles) or bool(removed_skus(write, wanted.before))


async def gather_facts(store: CatalogStore, drafts: Sequence[ProductDraft]) -> Facts:
    """What there is of all that the drafts refer to, in one store call a kind."""
    definitions = await store.attribute.every()
    named: dict[str, set[str]] = {"Category": set(), "Channel": set(), "Product": set()}
    for draft in drafts:
        for _, kind, id in mentions(draft, definitions, ()):
            named[kind].add(id)
    return Facts(
        definitions=definitions,
        categories=await store.category.by_id(sorted(named["Category"])) if named["Category"] else {},
        channels=frozenset(await store.channel.by_id(sorted(named["Channel"]))) if named["Channel"] else frozenset(),
        products=frozenset(await store.product.existing(sorted(named["Product"]))) if named["Product"] else frozenset(),
    )


async def import_products(store: CatalogStore, drafts: Iterable[ProductDraft], *, now: datetime) -> int:
    """Keep every draft whose slug, SKUs and external ids are new; return how many were. Again changes nothing."""
    imported = 0
    call = new_id("imp")
    for number, batch in enumerate(_batches(drafts)):
        facts = await gather_facts(store, batch)
        wanted = [
            Wanted(draft=draft, at=(draft.slug,), step=f"{call}:{number}:{row}") for row, draft in enumerate(batch)
        ]
        writes = [compose(one, facts, now=now) for one in wanted]
        imported += len(writes) - len(await store.product.write_many(writes))
    return imported


async def _write_in_turn(
    store: CatalogStore, wanted: Wanted, write: Write, session: AsyncClientSession
) -> Product | None:
    removed = removed_skus(write, wanted.before)
    bundles = write.draft.bundles
    asked = {*bundles, *(one.sku for components in bundles.values() for one in components), *removed}
    facts = await store.bundle.facts(sorted(asked), beside=write.id, session=session)
    skus = [variant.sku for variant in write.draft.variants]
    problems = check_bundles(skus, removed, bundles, facts, wanted.at)
    if problems:
        raise Refused(*problems)
    return await _write(store, write, session)


async def _write(store: CatalogStore, write: Write, session: AsyncClientSession | None) -> Product | None:
    if write.version == 1:
        return await store.product.insert(write, session)
    return await store.product.replace(write, session)


async def _seen(store: CatalogStore, edit: ProductEdit) -> Product:
    """The product, in the version the editor saw."""
    there = (await store.product.by_id([edit.id])).get(edit.id)
    if there is None or there.version != edit.expected_version:
        return await _refuse_edit(store, edit)
    return there


async def _refuse_edit(store: CatalogStore, edit: ProductEdit) -> Product:
    there = (await store.product.by_id([edit.id])).get(edit.id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Product", id=edit.id))
    raise Refused(VersionConflict(expected_version=edit.expected_version, actual_version=there.version))


def _batches(drafts: Iterable[ProductDraft]) -> Iterator[list[ProductDraft]]:
    iterator = iter(drafts)
    while batch := list(islice(iterator, IMPORT_BATCH)):
        yield batch


def _with_price(prices: Sequence[PriceEntry], entry: PriceEntry) -> tuple[PriceEntry, ...]:
    others = [kept for kept in prices if (kept.currency, kept.channel) != (entry.currency, entry.channel)]
    return (*others, entry)
