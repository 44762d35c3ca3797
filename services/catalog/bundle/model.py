"""Bundles: a variant whose stock is that of its components. No I/O.

A bundle is not a component of another, so there are no cycles and nobody unfolds twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from kit.errors import NotFound, Path, Refusal
from services.catalog.model import invalid

MAX_COMPONENTS = 50
"""Different variants in one bundle: every sale of it moves the stock of all."""
MAX_COMPONENT_QUANTITY = 1_000


@dataclass(frozen=True, slots=True)
class Component:
    """So many pieces of a variant in one bundle."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What other products say of some SKUs: which exist, which are bundles, and in which bundle one is used."""

    known: frozenset[str]
    bundles: frozenset[str]
    used_in: Mapping[str, str]


Bundles = Mapping[str, tuple[Component, ...]]
"""Components by the bundle's SKU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleNested(Refusal):
    """A bundle would be a component of another bundle; `sku` is that bundle, which is a component too."""

    sku: str
    code: ClassVar[str] = "BUNDLE_NESTED"

    @property
    def message(self) -> str:
        """Which one."""
        return f"{'.'.join(self.path)}: {self.sku!r} would be a bundle inside a bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentInUse(Refusal):
    """A variant that is taken away is a component of a bundle."""

    sku: str
    bundle_sku: str
    code: ClassVar[str] = "COMPONENT_IN_USE"

    @property
    def message(self) -> str:
        """Which, and where."""
        return f"{self.sku!r} is a component of the bundle {self.bundle_sku!r}"


def check_components(sku: str, components: Sequence[Component], at: Path) -> list[Refusal]:
    """Every reason why `components` cannot be those of `sku`; `at` is the list's path."""
    if len(components) > MAX_COMPONENTS:
        return [invalid(at, f"at most {MAX_COMPONENTS}", len(components))]
    problems: list[Refusal] = []
    seen = {sku}
    for index, one in enumerate(components):
        if one.sku in seen:
            problems.append(invalid((*at, str(index), "sku"), "each variant once, and not the bundle itself", one.sku))
        seen.add(one.sku)
        if not 1 <= one.quantity <= MAX_COMPONENT_QUANTITY:
            problems.append(invalid((*at, str(index), "quantity"), f"1 to {MAX_COMPONENT_QUANTITY}", one.quantity))
    return problems


def check_bundles(
    skus: Sequence[str], removed: Sequence[str], bundles: Bundles, facts: BundleFacts, at: Path
) -> list[Refusal]:
    """Every reason why a product with these `skus`, without those `removed`, cannot have these `bundles`.

    `facts` are of all other products; `at` is the path of the product.
    """
    places = {sku: (*at, "variants", str(index)) for index, sku in enumerate(skus)}
    used_here = {one.sku for components in bundles.values() for one in components}
    problems: list[Refusal] = []
    for sku, components in bundles.items():
        if sku in facts.used_in or sku in used_here:
            problems.append(BundleNested(path=(*places[sku], "components"), sku=sku))
        for index, one in enumerate(components):
            here = (*places[sku], "components", str(index), "sku")
            if one.sku not in facts.known and one.sku not in places:
                problems.append(NotFound(path=here, kind="Variant", id=one.sku))
            elif one.sku in facts.bundles:
                problems.append(BundleNested(path=here, sku=one.sku))
    return problems + [
        ComponentInUse(path=(*at, "variants"), sku=sku, bundle_sku=facts.used_in[sku])
        for sku in removed
        if sku in facts.used_in
    ]


def changed_bundles(before: Bundles, after: Bundles) -> dict[str, tuple[Component, ...]]:
    """What an edit makes of bundles, by SKU: the components of what is new or other, none of what is no bundle now."""
    gone = {sku: () for sku in before if sku not in after}
    return gone | {sku: components for sku, components in after.items() if before.get(sku) != components}
