"""What of an order's points there is room for. No I/O, no clock.

A cap is counted by its id: a day's and a member's of a campaign by member, a campaign's budget for all. A campaign that
keeps its name in the next version of a programme goes on counting; its limit is that of the version an order earns by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.loyalty.earning.model import Basket, Part, Programme


class Cap(NamedTuple):
    """The most points of one `campaign`, or None: of a member's day."""

    id: str
    limit: int
    campaign: str | None = None


class Take(NamedTuple):
    """Room that an event of an order asks of a cap; below zero it comes back."""

    cap: Cap
    event_id: str
    order_id: str
    points: int


@dataclass(frozen=True, slots=True)
class FitPart:
    """Points of one rule: `full` without any cap, `given` within its `caps` (their ids) and the day's."""

    campaign: str | None
    full: int
    given: int
    caps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """What a basket earns, rule by rule; `day_cap` is the id of the cap that bounds all of it, None: none does."""

    rules: tuple[FitPart, ...] = ()
    day_cap: str | None = None

    @property
    def points(self) -> int:
        """All that is given."""
        return sum(rule.given for rule in self.rules)

    @property
    def full(self) -> int:
        """All there would be without caps."""
        return sum(rule.full for rule in self.rules)

    @property
    def parts(self) -> list[Part]:
        """What is given, without rules that give nothing."""
        return [Part(rule.campaign, rule.given) for rule in self.rules if rule.given]

    @property
    def wanted(self) -> dict[str, int]:
        """The room of each cap that would leave it as it is without caps."""
        wanted = {id: rule.full for rule in self.rules for id in rule.caps}
        return wanted if self.day_cap is None else {**wanted, self.day_cap: self.full}


def caps_of(programme: Programme, at: datetime, member: str | None) -> list[Cap]:
    """Every cap of a programme for a member at a time, the day's first; without a member none counts for anybody."""
    caps: list[Cap] = []
    if programme.day_limit is not None:
        day = at.astimezone(ZoneInfo(programme.day_zone)).date()
        caps.append(Cap(f"day:{day.isoformat()}:{member or ''}", programme.day_limit))
    for campaign in programme.campaigns:
        if campaign.member_limit is not None:
            caps.append(Cap(f"member:{member or ''}:{campaign.name}", campaign.member_limit, campaign.name))
        if campaign.budget is not None:
            caps.append(Cap(f"budget:{campaign.name}", campaign.budget, campaign.name))
    return caps


def fit(programme: Programme, basket: Basket, member: str | None, rooms: Mapping[str, int]) -> Fit:
    """The points of a basket with so much room left of each cap; one that is not in `rooms` is still whole.

    The base goes first, then the campaigns in the programme's order, each up to what its caps and the day have left.
    """
    caps = caps_of(programme, basket.at, member)
    room = {cap.id: max(rooms.get(cap.id, cap.limit), 0) for cap in caps}
    day = next((cap.id for cap in caps if cap.campaign is None), None)
    rules: list[FitPart] = []
    left = None if day is None else room[day]
    for part in programme.parts(basket):
        its = tuple(cap.id for cap in caps if cap.campaign is not None and cap.campaign == part.campaign)
        given = min([part.points, *(room[id] for id in its), *([] if left is None else [left])])
        left = None if left is None else left - given
        rules.append(FitPart(part.campaign, part.points, given, its))
    return Fit(tuple(rules), day)
