"""Bonus rules: for what, how many points, how often. No I/O, no clock.

An event is judged by the rules in force when it happened, however late it is told. What was given before rules were set
stays; an event from before any rule gives nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from kit.errors import InvalidInput, Path, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import MAX_LOT_LIFE, Posting, Tally, check_customer, check_texts, event_key

MAX_RULES = 100
"""Of one version; each is looked at for every event."""
MAX_BONUS = 100_000
"""Points of one bonus: the same as of a campaign's fixed bonus."""
MAX_TIMES = 1_000
MAX_NAME = 100
MAX_SOURCE = 128
"""Characters of a source event's id, as of an idempotency key."""
MAX_AGE = timedelta(days=7)
"""Older events give no bonus of which there is one a day: the wallet has forgotten that day."""
MAX_AHEAD = timedelta(minutes=5)
"""Clocks of senders run ahead by less."""


class BonusTrigger(StrEnum):
    """What a member did."""

    SIGN_UP = "SIGN_UP"
    FIRST_PURCHASE = "FIRST_PURCHASE"
    VISIT = "VISIT"
    REVIEW = "REVIEW"
    SURVEY = "SURVEY"
    REFERRAL = "REFERRAL"
    APP_INSTALL = "APP_INSTALL"
    BIRTHDAY = "BIRTHDAY"


class BonusPeriod(StrEnum):
    """Within what a bonus is given `times` times: ever, a day or a year of the rule's time zone."""

    EVER = "EVER"
    DAY = "DAY"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class BonusRule:
    """`points` for a trigger, at most `times` times a member within `period`. `lives_days`: time-limited points."""

    name: str
    trigger: BonusTrigger
    points: int
    times: int = 1
    period: BonusPeriod = BonusPeriod.EVER
    zone: str = "Asia/Tokyo"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    lives_days: int | None = None

    def applies(self, happened: "Happened") -> bool:
        """Whether it is for this event."""
        return (
            happened.trigger is self.trigger
            and (self.starts_at is None or self.starts_at <= happened.at)
            and (self.ends_at is None or happened.at < self.ends_at)
        )

    def tally(self, at: datetime) -> Tally:
        """What the wallet counts of it, in the period in which something happened."""
        local = at.astimezone(ZoneInfo(self.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        name = f"bonus:{self.name}"
        if self.period is BonusPeriod.DAY:
            return Tally(name, 1, self.times, local, local + MAX_AGE + timedelta(days=2))
        if self.period is BonusPeriod.YEAR:
            start = local.replace(month=1, day=1)
            return Tally(name, 1, self.times, start, start + timedelta(days=800))
        return Tally(name, 1, self.times)


@dataclass(frozen=True, slots=True)
class BonusRules:
    """All rules from `valid_from` on."""

    version: int = 0
    rules: tuple[BonusRule, ...] = ()
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """What a member did. `source` is the id of the event that tells it: it makes the bonus once."""

    customer_id: CustomerId
    trigger: BonusTrigger
    source: str
    at: datetime
    note: str | None = None
    actor: str | None = None

    def posting(self, rule: BonusRule, version: int, now: datetime) -> Posting:
        """The points of one rule for it."""
        return Posting(
            kind=EntryKind.EARNED,
            customer_id=self.customer_id,
            points=rule.points,
            key=event_key(f"bonus/{self.source}/{rule.name}"),
            reason=self.trigger.value,
            reference=Reference(note=self.note),
            expires_at=None if rule.lives_days is None else now + timedelta(days=rule.lives_days),
            rule_version=version,
            actor=self.actor,
            tallies=(rule.tally(self.at),),
            asked=fingerprint(self.trigger, self.source, self.note),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusLimitReached(Refusal):
    """The member has had this bonus as often as the rule allows."""

    bonus: str
    given: int
    limit: int
    period: BonusPeriod
    path: Path = ("input", "trigger")
    code: ClassVar[str] = "BONUS_LIMIT_REACHED"

    @property
    def message(self) -> str:
        """How often it was given."""
        return f"bonus {self.bonus!r} was given {self.given} times, {self.limit} are allowed ({self.period})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBonus(Refusal):
    """No rule gives points for this, then."""

    trigger: BonusTrigger
    path: Path = ("input", "trigger")
    code: ClassVar[str] = "NO_BONUS"

    @property
    def message(self) -> str:
        """For what."""
        return f"no rule that was in force gives points for {self.trigger}"


def rules_at(versions: list[BonusRules], at: datetime) -> BonusRules:
    """The rules in force: of those set by then the newest."""
    begun = [one for one in versions if one.valid_from is not None and one.valid_from <= at]
    return max(begun, key=lambda one: one.version, default=BonusRules())


def check_happened(happened: Happened, rules: BonusRules, now: datetime) -> list[Refusal]:
    """Everything that is wrong with what is told."""
    problems = check_customer(happened.customer_id, "customerId")
    problems += check_texts(happened.trigger.value, Reference(note=happened.note))
    if not 1 <= len(happened.source) <= MAX_SOURCE or not happened.source.isprintable():
        expected = f"1 to {MAX_SOURCE} printable characters"
        problems.append(InvalidInput(path=("input", "sourceId"), expected=expected, got=repr(happened.source[:40])))
    if happened.at > now + MAX_AHEAD:
        problems.append(InvalidInput(path=("input", "at"), expected="now or before", got=happened.at.isoformat()))
    daily = any(rule.period is BonusPeriod.DAY for rule in rules.rules if rule.applies(happened))
    if daily and happened.at < now - MAX_AGE:
        expected = f"within the last {MAX_AGE.days} days, since the bonus is one of a day"
        problems.append(InvalidInput(path=("input", "at"), expected=expected, got=happened.at.isoformat()))
    if not problems and not any(rule.applies(happened) for rule in rules.rules):
        problems.append(NoBonus(trigger=happened.trigger))
    return problems


def check_rules(wanted: BonusRules) -> list[Refusal]:
    """Everything that is wrong with new rules, by field."""
    problems: list[Refusal] = []
    if len(wanted.rules) > MAX_RULES:
        expected = f"at most {MAX_RULES}"
        problems.append(InvalidInput(path=("input", "rules"), expected=expected, got=str(len(wanted.rules))))
    names = [rule.name for rule in wanted.rules]
    for place, rule in enumerate(wanted.rules[:MAX_RULES]):
        at = ("input", "rules", str(place))
        bounds = {
            "name": (1, len(rule.name), MAX_NAME),
            "points": (1, rule.points, MAX_BONUS),
            "times": (1, rule.times, MAX_TIMES),
            "livesDays": (1, 1 if rule.lives_days is None else rule.lives_days, MAX_LOT_LIFE.days),
        }
        for name, (low, value, high) in bounds.items():
            if not low <= value <= high:
                problems.append(InvalidInput(path=(*at, name), expected=f"{low} to {high}", got=str(value)))
        if names.index(rule.name) != place:
            problems.append(InvalidInput(path=(*at, "name"), expected="a name of its own", got=repr(rule.name)))
        if rule.zone not in available_timezones():
            problems.append(
                InvalidInput(path=(*at, "timeZone"), expected="an IANA time zone", got=repr(rule.zone[:60]))
            )
        if rule.starts_at is not None and rule.ends_at is not None and rule.ends_at <= rule.starts_at:
            expected = "after it begins: such a rule never gives a point"
            problems.append(InvalidInput(path=(*at, "endsAt"), expected=expected, got=rule.ends_at.isoformat()))
    return problems
