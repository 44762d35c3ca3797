"""Bulk calls: everything is read in one store call a kind, every item judged alone, and written together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import IdempotencyKeyReused, NotFound, Path, Refusal, Refused, VersionConflict
from kit.ids import new_id
from services.catalog.bulk.model import MAX_ITEMS, BulkItem, BulkOutcome, ItemResult
from services.catalog.bulk.store import Call
from services.catalog.model import ExternalRef, invalid
from services.catalog.product.actions import gather_facts, needs_turn, write_product
from services.catalog.product.composing import Wanted, compose, is_same, taken
from services.catalog.product.documents import Write
from services.catalog.product.model import Product, ProductDraft, ProductId
from services.catalog.store import CatalogStore


@dataclass(frozen=True, slots=True)
class _Pending:
    """An item that passed every check, and what is to be written of it."""

    row: int
    wanted: Wanted
    write: Write


async def call_bulk(
    store: CatalogStore, items: Sequence[BulkItem], key: str, fingerprint: str, *, now: datetime
) -> Sequence[ItemResult]:
    """The items' results; the same key and input give those of the first call, even one that broke off half-way."""
    if not 1 <= len(items) <= MAX_ITEMS:
        raise Refused(invalid(("input", "items"), f"1 to {MAX_ITEMS} items", len(items)))
    ids = [new_id("prd") for _ in items]
    call = await store.bulk.begin(key, fingerprint, ids, now)
    if call.fingerprint != fingerprint:
        raise Refused(IdempotencyKeyReused(key=key))
    if call.results is not None:
        return call.results
    results = await upsert_many(store, items, call, now=now)
    await store.bulk.end(key, results)
    return results


async def upsert_many(
    store: CatalogStore, items: Sequence[BulkItem], call: Call, *, now: datetime
) -> Sequence[ItemResult]:
    """What became of every item, in their order."""
    results: dict[int, ItemResult] = {}
    if call.resumed:
        results |= await _done_before(store, items, call)
    befores = await _befores(store, items)
    drafts: dict[int, tuple[Product | None, ProductDraft]] = {}
    for row, item in enumerate(items):
        if row in results:
            continue
        judged = _judged(row, item, befores)
        if isinstance(judged, ItemResult):
            results[row] = judged
        else:
            drafts[row] = judged
    facts = await gather_facts(store, [draft for _, draft in drafts.values()])
    pending: list[_Pending] = []
    for row, (before, draft) in drafts.items():
        step = f"{call.key}:{row}"
        id = ProductId(call.ids[row])
        wanted = Wanted(draft=draft, before=before, at=items[row].at, new_id=id, step=step)
        try:
            pending.append(_Pending(row, wanted, compose(wanted, facts, now=now)))
        except Refused as refused:
            results[row] = _refused(row, refused.refusals)
    results |= await _write_all(store, pending)
    return [results[row] for row in range(len(items))]


async def _write_all(store: CatalogStore, pending: Sequence[_Pending]) -> dict[int, ItemResult]:
    """Together what stands alone; one by one, in turn, what makes or changes bundles."""
    together = [one for one in pending if not needs_turn(one.wanted, one.write)]
    results: dict[int, ItemResult] = {}
    if together:
        failed = await store.product.write_many([one.write for one in together])
        for place, one in enumerate(together):
            if place not in failed:
                results[one.row] = _written(one.row, one.write)
                continue
            conflict = failed[place]
            if conflict is not None:
                results[one.row] = _refused(one.row, [taken(conflict, one.write.draft, one.wanted.at)])
            else:
                results[one.row] = _refused(one.row, [await _gone(store, one)])
    for one in pending:
        if one.row not in results:
            try:
                await write_product(store, one.wanted, one.write)
                results[one.row] = _written(one.row, one.write)
            except Refused as refused:
                results[one.row] = _refused(one.row, refused.refusals)
    return results


async def _befores(store: CatalogStore, items: Sequence[BulkItem]) -> "_Known":
    """What is kept already of all that the items name."""
    matched = [item for item in items if item.matched]
    refs = [ref for item in matched for ref in item.external_ids]
    ids = [item.id for item in items if item.id is not None]
    by_ref = await store.product.by_external_id(refs) if refs else {}
    slugs = [item.slug for item in matched if not any(ref in by_ref for ref in item.external_ids)]
    return _Known(
        by_id=await store.product.by_id(ids) if ids else {},
        by_ref=by_ref,
        by_slug=await store.product.by_slug(slugs) if slugs else {},
    )


@dataclass(frozen=True, slots=True)
class _Known:
    by_id: Mapping[str, Product]
    by_ref: Mapping[ExternalRef, Product]
    by_slug: Mapping[str, Product]

    def of(self, item: BulkItem) -> Product | None:
        """The product the item replaces."""
        if item.id is not None:
            return self.by_id.get(item.id)
        if not item.matched:
            return None
        named = [self.by_ref[ref] for ref in item.external_ids if ref in self.by_ref]
        return named[0] if named else self.by_slug.get(item.slug)


def _judged(row: int, item: BulkItem, known: _Known) -> ItemResult | tuple[Product | None, ProductDraft]:
    """What is to be written over what; or the result, if nothing is."""
    if item.refusals:
        return _refused(row, item.refusals)
    before = known.of(item)
    if item.id is not None and before is None:
        return _refused(row, [NotFound(path=(*item.at, "id"), kind="Product", id=item.id)])
    if before is not None and item.expected_version not in (None, before.version):
        return _refused(row, [_changed(item.at, item.expected_version or 0, before.version)])
    draft = item.draft(None if before is None else before.draft)
    if before is not None and item.matched and is_same(draft, before):
        return ItemResult(row, BulkOutcome.UNCHANGED, before.id, before.version)
    return before, draft


async def _done_before(store: CatalogStore, items: Sequence[BulkItem], call: Call) -> dict[int, ItemResult]:
    """The items that a run of this call that broke off has written."""
    ids = [item.id or call.ids[row] for row, item in enumerate(items)]
    steps = await store.product.steps(ids)
    return {
        row: ItemResult(
            row,
            BulkOutcome.REPLACED if items[row].id is not None else BulkOutcome.CREATED,
            ProductId(id),
            steps[id][0],
        )
        for row, id in enumerate(ids)
        if steps.get(id, (0, None))[1] == f"{call.key}:{row}"
    }


async def _gone(store: CatalogStore, one: _Pending) -> Refusal:
    before = one.wanted.before
    there = (await store.product.by_id([one.write.id])).get(one.write.id)
    if there is None or before is None:
        return NotFound(path=(*one.wanted.at, "id"), kind="Product", id=one.write.id)
    return _changed(one.wanted.at, before.version, there.version)


def _changed(at: Path, expected: int, actual: int) -> VersionConflict:
    there = VersionConflict(expected_version=expected, actual_version=actual)
    return replace(there, path=(*at, "expectedVersion"))


def _refused(row: int, refusals: Sequence[Refusal]) -> ItemResult:
    return ItemResult(row, BulkOutcome.REFUSED, refusals=tuple(refusals))


def _written(row: int, write: Write) -> ItemResult:
    outcome = BulkOutcome.CREATED if write.version == 1 else BulkOutcome.REPLACED
    return ItemResult(row, outcome, write.id, write.version)
