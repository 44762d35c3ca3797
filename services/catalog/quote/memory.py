"""What prices of single SKUs depend on, kept as long as it is known to be so. No I/O, no clock.

Somebody follows the database's changes and says so: `heard(at)` promises that every change before `at` was told by
`forget`. What is kept is good for `TRUST_S` after that promise; without a newer one nothing is found, and callers read.
A reading that was under way when something of it changed is not kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from services.catalog.offer.model import Offer
from services.catalog.quote.model import Item

TRUST_S = 0.75
"""How old the last promise may be: what other processes write holds here within a second."""
MAX_KNOWN = 20_000
"""SKUs kept: some 40 MB; the oldest go first, and are read again."""


@dataclass(frozen=True, slots=True)
class Known:
    """A SKU's item, who is offered its product, and of a bundle what it is made of."""

    item: Item
    offer: Offer
    components: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Reading:
    """What has changed since the reading began."""

    skus: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    everything: bool = False


class Memory:
    """SKUs that were read; times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._skus_of: dict[str, set[str]] = {}
        self._readings: set[Reading] = set()
        self._heard_at = float("-inf")

    def heard(self, at: float) -> None:
        """Every change before `at` has been told."""
        self._heard_at = max(at, self._heard_at)

    def find(self, skus: Sequence[str], now: float) -> dict[str, Known]:
        """What may be used of these SKUs without reading it."""
        if now - self._heard_at > TRUST_S:
            return {}
        known = self._known
        return {sku: known[sku] for sku in skus if sku in known}

    def begin(self) -> Reading:
        """To be called before MongoDB is asked; ends with `keep` or `drop`."""
        reading = Reading()
        self._readings.add(reading)
        return reading

    def drop(self, reading: Reading) -> None:
        """The reading ended in vain, or is over."""
        self._readings.discard(reading)

    def keep(self, reading: Reading, found: Mapping[str, Known]) -> None:
        """Keep what was found, but for what has changed meanwhile."""
        self.drop(reading)
        if reading.everything:
            return
        for sku, known in found.items():
            product = known.item.product_id
            if sku not in reading.skus and product not in reading.products:
                self._forget_sku(sku)
                self._known[sku] = known
                self._skus_of.setdefault(product, set()).add(sku)
        while len(self._known) > MAX_KNOWN:
            self._forget_sku(next(iter(self._known)))

    def forget(self, *, skus: Collection[str] = (), products: Collection[str] = ()) -> None:
        """These SKUs, and all of these products, have changed."""
        for reading in self._readings:
            reading.skus.update(skus)
            reading.products.update(products)
        for product in products:
            for sku in tuple(self._skus_of.get(product, ())):
                self._forget_sku(sku)
        for sku in skus:
            self._forget_sku(sku)

    def forget_all(self) -> None:
        """Anything may have changed."""
        for reading in self._readings:
            reading.everything = True
        self._known.clear()
        self._skus_of.clear()

    def lose(self) -> None:
        """Nobody follows the changes any more."""
        self._heard_at = float("-inf")
        self.forget_all()

    def _forget_sku(self, sku: str) -> None:
        known = self._known.pop(sku, None)
        if known is not None:
            others = self._skus_of[known.item.product_id]
            others.discard(sku)
            if not others:
                del self._skus_of[known.item.product_id]
