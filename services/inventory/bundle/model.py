"""What a bundle consists of, and how lines of bundles become lines of what lies in stock. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.inventory.model import LocationId, Sku


@dataclass(frozen=True, slots=True)
class Component:
    """So many pieces of a SKU in one bundle."""

    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class BundleLine:
    """So many bundles that a reservation holds at a location, and what each consisted of when it was made."""

    sku: Sku
    location_id: LocationId
    quantity: int
    components: tuple[Component, ...]


Composition = Mapping[str, Sequence[Component]]
"""Components by the bundle's SKU; a SKU that is no bundle is not in it."""


def composition_of(bundles: Iterable[BundleLine]) -> dict[str, tuple[Component, ...]]:
    """What the bundles of a reservation consist of."""
    return {bundle.sku: bundle.components for bundle in bundles}
