"""Collections, and every reason why one cannot be kept. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from kit.errors import Path, Refusal
from kit.money import CURRENCY_DECIMALS
from services.catalog.model import Translations, check_names, check_slug, check_texts, invalid
from services.catalog.product.model import is_option_name

CollectionId = NewType("CollectionId", str)

MAX_MEMBERS = 1_000
"""Products gathered by hand: they are kept in their order in the collection itself."""
MAX_CONDITIONS = 20
MAX_VALUES = 100
"""Values of one condition, any of which will do."""
MAX_DAYS = 3_650


class CollectionKind(StrEnum):
    """MANUAL: products in an order somebody gave them. RULE: whatever fits, by name."""

    MANUAL = "MANUAL"
    RULE = "RULE"


class ConditionKind(StrEnum):
    """What of a product is looked at."""

    CATEGORY = "CATEGORY"
    BRAND = "BRAND"
    TAG = "TAG"
    ATTRIBUTE = "ATTRIBUTE"
    OPTION = "OPTION"
    PRICE = "PRICE"
    NEW_SINCE = "NEW_SINCE"


class Match(StrEnum):
    """Whether all conditions must hold, or any."""

    ALL = "ALL"
    ANY = "ANY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """CATEGORY (ids, and all below), BRAND, TAG: any of `values`. ATTRIBUTE, OPTION: of the one `name`d, on the
    product or a variant, any of `values`, or a number within `minimum` and `maximum`.

    PRICE: a variant's own price in the currency `name`, tax included, in minor units within the bounds. NEW_SINCE:
    made at most `days` days ago.
    """

    kind: ConditionKind
    name: str | None = None
    values: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionDraft:
    """A collection as somebody describes it."""

    slug: str
    names: Translations
    kind: CollectionKind
    descriptions: Translations = field(default_factory=dict)
    product_ids: tuple[str, ...] = ()
    match: Match = Match.ALL
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it is kept."""

    id: CollectionId
    draft: CollectionDraft
    version: int
    updated_at: datetime


def check_collection(draft: CollectionDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why `draft` cannot be kept; whether its products exist is not known here."""
    problems: list[Refusal] = [*check_slug(draft.slug, (*at, "slug")), *check_names(draft.names, (*at, "names"))]
    problems += check_texts(draft.descriptions, (*at, "descriptions"))
    manual = draft.kind is CollectionKind.MANUAL
    if manual and draft.conditions:
        problems.append(invalid((*at, "conditions"), "none, of a MANUAL collection", len(draft.conditions)))
    if not manual and draft.product_ids:
        problems.append(invalid((*at, "productIds"), "none, of a RULE", len(draft.product_ids)))
    if not manual and not 1 <= len(draft.conditions) <= MAX_CONDITIONS:
        problems.append(invalid((*at, "conditions"), f"1 to {MAX_CONDITIONS}", len(draft.conditions)))
    if len(draft.product_ids) > MAX_MEMBERS:
        return [*problems, invalid((*at, "productIds"), f"at most {MAX_MEMBERS}", len(draft.product_ids))]
    first: dict[str, int] = {}
    for index, id in enumerate(draft.product_ids):
        if first.setdefault(id, index) != index:
            problems.append(invalid((*at, "productIds", str(index)), "a product once", id))
    for index, condition in enumerate(draft.conditions[:MAX_CONDITIONS]):
        problems += _check_condition(condition, (*at, "conditions", str(index)))
    return problems


def _check_condition(one: Condition, at: Path) -> list[Refusal]:
    match one.kind:
        case ConditionKind.NEW_SINCE:
            if one.days is None or not 1 <= one.days <= MAX_DAYS:
                return [invalid((*at, "days"), f"1 to {MAX_DAYS} days", one.days)]
            return _only(one, at)
        case ConditionKind.PRICE:
            if one.name not in CURRENCY_DECIMALS:
                return [invalid((*at, "name"), "the currency of the price", one.name)]
            return _check_bounds(one, at) or _only(one, at, bounds=True, name=True)
        case ConditionKind.ATTRIBUTE if not one.values:
            return _check_name(one, at) or _check_bounds(one, at) or _only(one, at, bounds=True, name=True)
        case ConditionKind.ATTRIBUTE | ConditionKind.OPTION:
            return _check_name(one, at) or _check_values(one, at) or _only(one, at, values=True, name=True)
    return _check_values(one, at) or _only(one, at, values=True)


def _check_name(one: Condition, at: Path) -> list[Refusal]:
    if one.name is not None and is_option_name(one.name):
        return []
    return [invalid((*at, "name"), f"which {one.kind.lower()}", one.name)]


def _check_values(one: Condition, at: Path) -> list[Refusal]:
    if 1 <= len(one.values) <= MAX_VALUES:
        return []
    return [invalid((*at, "values"), f"1 to {MAX_VALUES} values", len(one.values))]


def _check_bounds(one: Condition, at: Path) -> list[Refusal]:
    low, high = one.minimum, one.maximum
    if low is None and high is None:
        return [invalid((*at, "min"), "a least or a greatest value", "neither")]
    if low is not None and high is not None and low > high:
        return [invalid((*at, "max"), f"at least {low}: nothing could ever fit", high)]
    return []


def _only(one: Condition, at: Path, *, values: bool = False, bounds: bool = False, name: bool = False) -> list[Refusal]:
    """Nothing is said that this kind of condition would not look at."""
    extra: Sequence[tuple[str, object]] = [
        ("values", None if values else one.values or None),
        ("min", None if bounds else one.minimum),
        ("max", None if bounds else one.maximum),
        ("name", None if name else one.name),
        ("days", None if one.kind is ConditionKind.NEW_SINCE else one.days),
    ]
    return [invalid((*at, field), f"nothing for {one.kind}", given) for field, given in extra if given is not None]
