"""What becomes of the items of one bulk call. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from kit.errors import InvalidInput, NotFound, Path, Refusal, VersionConflict
from services.catalog.bundle.model import BundleNested, ComponentInUse
from services.catalog.model import ExternalRef, Taken
from services.catalog.product.model import ProductDraft, ProductId

MAX_ITEMS: Final = 1_000
"""Products of one call: some megabytes, and a second or two of work."""


class BulkOutcome(StrEnum):
    """What became of an item."""

    CREATED = "CREATED"
    REPLACED = "REPLACED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkItem:
    """A product somebody wants, and which one it replaces.

    `draft` makes it from what is kept. With `id`, it is that product in `expected_version`; else the one that has one
    of `external_ids` or `slug`, if `matched`; else a new one. `refusals` are of an input that could not be read.
    """

    draft: Callable[[ProductDraft | None], ProductDraft]
    at: Path
    id: str | None = None
    expected_version: int | None = None
    matched: bool = False
    slug: str = ""
    external_ids: Sequence[ExternalRef] = ()
    refusals: Sequence[Refusal] = ()


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of the item at `row`, from 0; `version` is the product's afterwards."""

    row: int
    outcome: BulkOutcome
    product_id: ProductId | None = None
    version: int | None = None
    refusals: tuple[Refusal, ...] = ()


_REFUSALS: Final[Mapping[str, type[Refusal]]] = {
    kind.__name__: kind for kind in (InvalidInput, NotFound, VersionConflict, Taken, BundleNested, ComponentInUse)
}
"""What an item can be refused with: kept with the call, so that a replay says the same."""


def plain_result(result: ItemResult) -> dict[str, Any]:
    """The result as it is kept."""
    refusals = [{"kind": type(one).__name__, **asdict(one), "path": list(one.path)} for one in result.refusals]
    return {**asdict(result), "outcome": result.outcome.value, "refusals": refusals}


def parse_result(plain: Mapping[str, Any]) -> ItemResult:
    """From what was kept."""
    refusals = tuple(
        _REFUSALS[one["kind"]](**{**{k: v for k, v in one.items() if k != "kind"}, "path": tuple(one["path"])})
        for one in plain["refusals"]
    )
    outcome = BulkOutcome(plain["outcome"])
    return ItemResult(plain["row"], outcome, plain["product_id"], plain["version"], refusals)
