"""A screen's feed: slides, how long they hold, and a version that changes when any of it does. No I/O, no clock."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from services.catalog.product.model import Product
from services.catalog.promotion.model import Promotion, Situation, fits

SLIDE_PRODUCTS: Final = 6
"""Products of a slide: what somebody walking by takes in."""
MAX_PROMOTIONS: Final = 4
"""Slides of promotions; more and none is seen twice by a waiting customer."""
HOLDS: Final = timedelta(minutes=5)
"""How long a feed holds at most: a screen that lost its connection is never further behind."""
MAX_SCREEN: Final = 100
"""Characters of a screen's name."""


class SlideKind(Enum):
    """What a slide is about."""

    PROMOTION = "promotion"
    NEW = "new"
    POPULAR = "popular"
    TOP_RATED = "top_rated"


@dataclass(frozen=True, slots=True)
class Slide:
    """Products that can be taken away here, and the promotion they are in, if it is that."""

    kind: SlideKind
    products: tuple[Product, ...]
    promotion: Promotion | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """What a screen shows, in order; the same `version`, the same screen."""

    location_id: str
    screen: str
    slides: tuple[Slide, ...]
    version: str
    valid_until: datetime


def announced(promotions: Iterable[Promotion], situation: Situation) -> list[Promotion]:
    """The discounts that everybody gets here now, the weightiest first."""
    return [
        one
        for one in promotions
        if fits(one, situation) and not one.draft.conditions.min_basket_minor and one.draft.action.is_discount
    ][:MAX_PROMOTIONS]


def turn(promotions: Iterable[Promotion], at: datetime) -> datetime:
    """When a feed made at `at` has to be made anew: the next promotion begins or ends, or it has held long enough.

    The end of a feed lies on a full `HOLDS`, so that all screens of a shop ask for the same.
    """
    step = HOLDS.total_seconds()
    moments = [datetime.fromtimestamp((at.timestamp() // step + 1) * step, at.tzinfo)]
    for one in promotions:
        wanted = one.draft.conditions
        moments += [moment for moment in (wanted.valid_from, wanted.valid_until) if moment is not None and moment > at]
        if any(window.holds(at) != window.holds(moments[0]) for window in wanted.windows):
            moments.append(_window_turn(one, at, moments[0]))
    return min(moments)


def feed_of(
    place: tuple[str, str], slides: Sequence[Slide], prices: Mapping[str, int | None], valid_until: datetime
) -> Feed:
    """The feed of a location and screen; `prices` by product are what everybody pays for it."""
    location_id, screen = place
    shown = [slide for slide in slides if slide.products]
    if shown:  # two screens side by side begin at different slides
        first = int.from_bytes(hashlib.blake2b(screen.encode(), digest_size=4).digest()) % len(shown)
        shown = shown[first:] + shown[:first]
    parts = [location_id, screen, *(part for slide in shown for part in _parts(slide, prices))]
    version = hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
    return Feed(location_id, screen, tuple(shown), version, valid_until)


def without_repeats(slides: Sequence[Slide]) -> list[Slide]:
    """No product on two slides: the earlier one keeps it."""
    seen: set[str] = set()
    kept: list[Slide] = []
    for slide in slides:
        products = tuple(product for product in slide.products if product.id not in seen)[:SLIDE_PRODUCTS]
        seen |= {product.id for product in products}
        kept.append(replace(slide, products=products))
    return kept


def _parts(slide: Slide, prices: Mapping[str, int | None]) -> list[str]:
    promotion = slide.promotion
    about = "" if promotion is None else f"{promotion.id}:{promotion.version}"
    return [slide.kind.value, about, *(f"{p.id}:{p.version}:{prices.get(p.id)}" for p in slide.products)]


def _window_turn(promotion: Promotion, at: datetime, until: datetime) -> datetime:
    """The minute in which a weekly window opens or closes between two instants."""
    windows = promotion.draft.conditions.windows
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < until:
        if any(window.holds(minute) != window.holds(at) for window in windows):
            return minute
        minute += timedelta(minutes=1)
    return until
