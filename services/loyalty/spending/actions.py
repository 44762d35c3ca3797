"""What the rules in force say to a spending, and what a basket may be paid with."""

from dataclasses import dataclass
from datetime import datetime

from kit.errors import Refusal
from services.loyalty.model import LotKind, Wallet
from services.loyalty.posting.model import Tally
from services.loyalty.spending.model import (
    Bound,
    Goods,
    Pace,
    Purse,
    SpendBasket,
    SpendingTooFast,
    SpendRules,
    check_basket,
)
from services.loyalty.spending.store import SpendingStore

AT = ("input", "basket")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why points may not be spent so; of which kind they must be, None: of any; and what bounds their pace."""

    refusals: tuple[Refusal, ...]
    only: LotKind | None
    tallies: tuple[Tally, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What may be spent: the last of `bounds` counts, the others say what narrowed it."""

    bounds: tuple[Bound, ...]
    rules: SpendRules
    programme_version: int


async def judge_spending(store: SpendingStore, points: int, basket: SpendBasket | None, now: datetime) -> Verdict:
    """What the rules in force say to spending so many points on a basket; the wallet says the rest."""
    problems = [] if basket is None else check_basket(basket, AT)
    version, rules = await store.rules_at(now)
    if problems:
        return Verdict(tuple(problems), rules.only)
    goods = await _goods(store, rules, basket)
    return Verdict(tuple(rules.refusals(points, version, basket, goods)), rules.only, paces_of(rules, points))


def paces_of(rules: SpendRules, points: int) -> tuple[Tally, ...]:
    """What a wallet counts of a spending of so many points, where the rules limit its pace."""
    return tuple(
        Tally(f"spent:{pace}", points, limit, unit="hour" if pace is Pace.HOUR else "day")
        for pace, limit in rules.paces
    )


async def too_fast(store: SpendingStore, wallet_id: str, tallies: tuple[Tally, ...]) -> SpendingTooFast | None:
    """Which limit of pace a spending that missed would break; None if it would not."""
    for tally in tallies:
        spent = await store.counted(wallet_id, tally)
        if spent + tally.add > tally.limit:
            pace = Pace.HOUR if tally.unit == "hour" else Pace.DAY
            return SpendingTooFast(pace=pace, requested=tally.add, spent=spent, limit=tally.limit)
    return None


async def preview(store: SpendingStore, basket: SpendBasket, wallet: Wallet | None, now: datetime) -> Preview:
    """How many points of the wallet may be spent on the basket by the rules in force; none without a wallet."""
    version, rules = await store.rules_at(now)
    goods = await _goods(store, rules, basket)
    lots = [] if wallet is None else wallet.lots(now)
    of_kind = {kind: sum(lot.points for lot in lots if lot.kind is kind) for kind in LotKind}
    purse = Purse(sum(of_kind.values()), of_kind, wallet is not None and wallet.frozen_at is not None)
    return Preview(tuple(rules.most(basket, goods, purse)), rules, version)


async def _goods(store: SpendingStore, rules: SpendRules, basket: SpendBasket | None) -> dict[str, Goods]:
    if basket is None or not rules.needs_goods:
        return {}
    return await store.goods(sorted({line.sku for line in basket.lines}))
