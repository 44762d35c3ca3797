"""Bonus rules are set, and bonuses are given: by mutation, or by events, through one door."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import Refusal, Refused
from kit.idempotency import fingerprint
from kit.log import logger
from services.loyalty.actions import Judge, at_home, post
from services.loyalty.bonus.model import (
    BonusLimitReached,
    BonusRule,
    BonusRules,
    Happened,
    NoBonus,
    check_happened,
    check_rules,
    rules_at,
)
from services.loyalty.bonus.store import BonusStore
from services.loyalty.model import Entry, Wallet
from services.loyalty.posting.model import Tally
from services.loyalty.spending.store import SpendingStore
from services.loyalty.store import LoyaltyStore
from services.loyalty.versions.actions import Setting, put_in_force

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Granted:
    """The wallet, and an entry for every rule that gave points; of the rules that did not, why."""

    wallet: Wallet
    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]


async def set_rules(
    store: BonusStore, rules: tuple[BonusRule, ...], key: str, *, expected_version: int, actor: str, now: datetime
) -> BonusRules:
    """Put bonus rules in force, from now on, as the next version."""
    wanted = BonusRules(0, rules, now)
    setting = Setting(wanted, key, fingerprint(expected_version, rules), expected_version, actor, now)
    return await put_in_force(
        store.versions, setting, check_rules, lambda rules, version: replace(rules, version=version)
    )


async def grant(store: LoyaltyStore, happened: Happened, *, now: datetime) -> Granted:
    """Give the points of every rule for what happened, each once for the source and within its limit.

    Refused if no rule gave any. The same source again answers with the same entries.
    """
    bonuses = BonusStore(store.db)
    rules = rules_at(await bonuses.versions.all(), happened.at)
    problems = check_happened(happened, rules, now)
    if problems:
        raise Refused(*problems)
    entries: list[Entry] = []
    refusals: list[Refusal] = []
    wallet: Wallet | None = None
    for rule in rules.rules:
        if rule.applies(happened):
            (posting,), _ = await at_home(store, [happened.posting(rule, rules.version, now)])
            try:
                posted = await post(store, posting, open_at=now, judge=_judge(store.spending, rule, posting.tallies[0]))
            except Refused as refused:
                refusals += refused.refusals
                continue
            wallet = posted.wallet
            entries.append(posted.entry)
    if wallet is None:
        raise Refused(*refusals)
    return Granted(wallet, tuple(entries), tuple(refusals))


async def grant_all(store: LoyaltyStore, happened: Sequence[Happened], *, now: datetime) -> None:
    """Give what events are worth; one that no rule is for, or whose limit is reached, gives nothing."""
    if not happened or await BonusStore(store.db).versions.newest_number(0) == 0:
        return
    for one in happened:
        try:
            await grant(store, one, now=now)
        except Refused as refused:
            foreseen = all(isinstance(refusal, NoBonus | BonusLimitReached) for refusal in refused.refusals)
            if not foreseen:
                log.warning("an event gives no bonus", source=one.source, reason=str(refused))


def _judge(counts: SpendingStore, rule: BonusRule, tally: Tally) -> Judge:
    async def judge(wallet: Wallet) -> Refusal | None:
        given = await counts.counted(wallet.id, tally)
        if given + tally.add <= tally.limit:
            return None
        return BonusLimitReached(bonus=rule.name, given=given, limit=tally.limit, period=rule.period)

    return judge
