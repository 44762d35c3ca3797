"""Whether what is in a basket is sold to its buyer: every variant, and of a bundle every component. No I/O."""

from collections.abc import Iterable, Mapping

from services.catalog.offer.model import Viewer, is_offered
from services.catalog.quote.memory import Known


def components_of(known: Iterable[Known]) -> set[str]:
    """The SKUs these are made of, where they are bundles."""
    return {sku for one in known for sku in one.components}


def missing_component(one: Known, known: Mapping[str, Known], viewer: Viewer) -> str | None:
    """The first component of a bundle that is not offered to the viewer, or is not there; `known` has all there are."""
    return next((sku for sku in one.components if not is_sold(sku, known, viewer)), None)


def is_sold(sku: str, known: Mapping[str, Known], viewer: Viewer) -> bool:
    """Whether the product of a SKU is there and offered to the viewer, whatever it is made of."""
    one = known.get(sku)
    return one is not None and is_offered(one.offer, viewer)
