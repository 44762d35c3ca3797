"""What everybody was shown for one piece of a SKU on a channel, as far back as prices and promotions are known. No I/O.

Everybody: without customer, coupon and location. Promotions of one's own segment or rank are not announced to all, and
what is counted by customer needs one. Of a promotion that ran out of its budget, the end is not known to the second:
it counts as shown until now, which can only make the prior price lower.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.catalog.collection.membership import NO_COLLECTIONS, Collections
from services.catalog.pricing.history import PRIOR_PERIOD, PricePoint, Snapshot, known_at, timeline, turns
from services.catalog.promotion.compiled import compile_promotions
from services.catalog.promotion.model import Promotion, Situation, WeeklyWindow, zone
from services.catalog.quote.model import Item, Market, Quote, WantedLine, price_basket

WINDOWS_BACK = 2 * PRIOR_PERIOD
"""How far back weekly windows are followed: a reduction of the last month, and the month before it."""


@dataclass(frozen=True, slots=True)
class Past:
    """Snapshots of a SKU's prices and every version of every promotion, both oldest first.

    `collections` are those that any version names, with the products of today: of what was in them before, nothing is
    kept.
    """

    snapshots: Sequence[Snapshot]
    versions: Sequence[Promotion]
    collections: Collections = NO_COLLECTIONS


def for_everybody(market: Market) -> Market:
    """The same channel and instant for nobody in particular."""
    now = market.situation
    return Market.of(market.policy, Situation(now.channel, now.currency, now.at), market.promotions.compiled)


def shown(item: Item, market: Market, past: Past) -> list[PricePoint]:
    """Every change of the price up to the market's instant, with tax; at that instant by the rules in force."""
    crowd = for_everybody(market)
    until = crowd.situation.at
    concerned = {one.id for one in past.versions if _concerns(one, item, crowd.situation)}
    versions = [one for one in past.versions if one.id in concerned]
    moments = turns(past.snapshots) | set(_promotion_turns(versions, until)) | {until}

    def price_at(at: datetime) -> int | None:
        then = crowd if at == until else crowd.at(at, compile_promotions(_versions_at(versions, at), past.collections))
        prices = item.prices if at == until else known_at(past.snapshots, at)
        quoted = price_basket([WantedLine(item.sku, 1)], {item.sku: replace(item, prices=prices)}, then)
        return quoted.gross_minor if isinstance(quoted, Quote) else None

    return timeline((moment for moment in moments if moment <= until), price_at)


def _concerns(promotion: Promotion, item: Item, crowd: Situation) -> bool:
    """Whether this version could change what everybody sees of this item."""
    draft = promotion.draft
    wanted, target = draft.conditions, draft.conditions.target
    for_all = not (wanted.segments or wanted.ranks or wanted.locations or wanted.needs_coupon or wanted.first_purchase)
    here = not wanted.channels or crowd.channel in wanted.channels
    meant = target.is_everything or bool(target.collection_ids) or not set(target.tags).isdisjoint(item.tags)
    return for_all and here and meant


def _versions_at(versions: Iterable[Promotion], at: datetime) -> list[Promotion]:
    latest = {one.id: one for one in versions if one.updated_at <= at}
    return list(latest.values())


def _promotion_turns(versions: Sequence[Promotion], until: datetime) -> Iterable[datetime]:
    for promotion in versions:
        conditions = promotion.draft.conditions
        yield promotion.updated_at
        yield from (border for border in (conditions.valid_from, conditions.valid_until) if border is not None)
        for window in conditions.windows:
            yield from _window_turns(window, until - WINDOWS_BACK, until)


def _window_turns(window: WeeklyWindow, start: datetime, until: datetime) -> Iterable[datetime]:
    day = start.astimezone(zone(window.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= until:
        for minute in (window.start_minute, window.end_minute):
            yield (day + timedelta(minutes=minute)).astimezone(start.tzinfo)
        day += timedelta(days=1)
