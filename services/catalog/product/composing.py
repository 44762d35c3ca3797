"""From drafts to writes: every check that needs no more than facts, and what a unique index's no means for a draft.

Between `model`, which knows a draft alone, and `actions`, which write one or a thousand.
"""

from dataclasses import dataclass
from datetime import datetime

from kit.errors import NotFound, Path, Refusal, Refused
from kit.ids import new_id
from services.catalog.barcode.model import gtin_14
from services.catalog.bundle.model import changed_bundles
from services.catalog.conflict import Conflict
from services.catalog.model import Taken, invalid
from services.catalog.product.checks import Facts, check_facts
from services.catalog.product.documents import Write
from services.catalog.product.model import Product, ProductDraft, ProductId, check_product, identified


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A draft, what it replaces (None: it is new), and where it stands in the input.

    `new_id` is the id of a new product and `step` names the call and row, both so that a call can be repeated.
    """

    draft: ProductDraft
    before: Product | None = None
    at: Path = ("input",)
    new_id: ProductId | None = None
    step: str | None = None


def compose(wanted: Wanted, facts: Facts, *, now: datetime) -> Write:
    """What is written, or Refused with every reason why not."""
    draft, before, at = wanted.draft, wanted.before, wanted.at
    problems = check_product(draft, at)
    if problems:
        raise Refused(*problems)
    problems = [*check_facts(draft, facts, at), *_check_itself(draft, before, at)]
    if problems:
        raise Refused(*problems)
    kept = identified(draft, None if before is None else before.draft, lambda: new_id("var"))
    return Write(
        id=(wanted.new_id or ProductId(new_id("prd"))) if before is None else before.id,
        draft=kept,
        path=facts.path_of(kept),
        now=now,
        version=1 if before is None else before.version + 1,
        bundles=changed_bundles({} if before is None else before.draft.bundles, kept.bundles),
        step=wanted.step,
    )


def removed_skus(write: Write, before: Product | None) -> list[str]:
    """The variants this write takes away."""
    if before is None:
        return []
    kept = {variant.sku for variant in write.draft.variants}
    return [variant.sku for variant in before.draft.variants if variant.sku not in kept]


def is_same(draft: ProductDraft, before: Product) -> bool:
    """Whether the draft says what is kept already."""
    return identified(draft, before.draft, str) == before.draft


def taken(conflict: Conflict, draft: ProductDraft, at: Path) -> Taken:
    """Which part of the draft belongs to another product."""
    return Taken(path=(*at, *_place(conflict, draft)), value=conflict.value)


def _place(conflict: Conflict, draft: ProductDraft) -> Path:
    for v, variant in enumerate(draft.variants):
        here = ("variants", str(v))
        if conflict.index == "variants.sku" and variant.sku == conflict.value:
            return (*here, "sku")
        if conflict.index == "variants.id" and variant.id == conflict.value:
            return (*here, "id")
        if conflict.index == "variants.gtins":
            for b, barcode in enumerate(variant.barcodes):
                if gtin_14(barcode) == conflict.value:
                    return (*here, "barcodes", str(b))
    return {"slug": ("slug",), "external_ids.value": ("externalIds",)}.get(conflict.index, ())


def _check_itself(draft: ProductDraft, before: Product | None, at: Path) -> list[Refusal]:
    """What only the product as it was can tell: ids of variants are its own, and it is not related to itself."""
    known = set() if before is None else {variant.id for variant in before.draft.variants}
    problems: list[Refusal] = []
    seen: set[str] = set()
    for index, variant in enumerate(draft.variants):
        here = (*at, "variants", str(index), "id")
        if variant.id is not None and variant.id not in known:
            problems.append(NotFound(path=here, kind="Variant", id=variant.id))
        if variant.id is not None and variant.id in seen:
            problems.append(invalid(here, "an id no other variant of this input has", variant.id))
        seen |= {variant.id} if variant.id is not None else set()
    problems += [
        invalid((*at, "related", str(index), "productId"), "another product", one.product_id)
        for index, one in enumerate(draft.related)
        if before is not None and one.product_id == before.id
    ]
    return problems
