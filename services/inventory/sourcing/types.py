"""Sourcing in the graph: plans, why they are so, and reservations made by them."""

from collections.abc import Sequence

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.capacity.types import PickHold
from services.inventory.location.types import Location
from services.inventory.model import MAX_QUANTITY, StockBand
from services.inventory.promise.model import Destination
from services.inventory.promise.types import DestinationInput, View
from services.inventory.reservation.model import DEFAULT_HOLD_S, MAX_HOLD_S, MIN_HOLD_S
from services.inventory.reservation.types import Reservation
from services.inventory.sourcing import actions, explain, gathering, model
from services.inventory.sourcing.words import SourcingRule

strawberry.enum(
    model.SourcingMethod,
    description="EXACT searched all there is, CP_SAT is OR-tools' solver, GREEDY takes what brings most, and improves.",
)
strawberry.enum(
    explain.LostBecause,
    description="NO_STOCK and NO_CAPACITY: it could give nothing. MORE_MISSING: with it, more would be missing. RULE: "
    "a rule was against it. TIE: it was as good, and the other's id comes first.",
)


@presents(model.SourcingShort)
@strawberry.type(description="All locations together cannot supply it.")
class SourcingShort(UserError):
    """See `sourcing.model.SourcingShort`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    requested: int = strawberry.field(description="Pieces that were asked for.")
    available: int | None = strawberry.field(
        description="Pieces that can be supplied; null where the channel shows shoppers bands only."
    )
    band: StockBand | None = strawberry.field(
        description="The same, roughly, where the channel shows bands only; null where the number is told."
    )


@strawberry.type(description="A rule and what a plan comes to by it; less is better.")
class SourcingValue:
    """One of a plan's, in the rules' order."""

    rule: SourcingRule = strawberry.field(description="The rule.")
    value: str | None = strawberry.field(
        description="A whole number, as text because it may be larger than Int. Null for COST, CAPACITY and "
        "STOCK_HEALTH where the channel shows bands only: they tell how much lies where."
    )


@strawberry.type(description="So many pieces of a SKU from one location.")
class SourcingLine:
    """See `sourcing.model.Pick`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    quantity: int | None = strawberry.field(
        description="Pieces. Where the channel shows bands only, null unless it is all that was asked for of the SKU."
    )
    location: Location = strawberry.field(description="From where.")


@strawberry.type(description="Pieces that nobody can supply.")
class SourcingMissing:
    """One SKU's."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    quantity: int | None = strawberry.field(description="Pieces; null where the channel shows bands only.")
    band: StockBand = strawberry.field(description="What can be supplied of it, roughly.")


@strawberry.type(description="Where the pieces would come from; nothing is held by it.")
class SourcingPlan:
    """See `sourcing.model.Plan`."""

    lines: list[SourcingLine] = strawberry.field(description="By SKU and location.")
    missing: list[SourcingMissing] = strawberry.field(description="What nobody can supply; empty if all can be had.")
    values: list[SourcingValue] = strawberry.field(description="By every rule, in their order.")
    method: model.SourcingMethod = strawberry.field(description="How it was found.")
    is_proven: bool = strawberry.field(description="Whether it is proven that no plan is better.")
    remark: str | None = strawberry.field(
        description="What it is better than and why it is not proven; null if it is proven."
    )

    @classmethod
    def of(cls, proposal: gathering.Proposal, view: View) -> "SourcingPlan":
        """From the model, as the caller may see it."""
        plan, at = proposal.plan, proposal.locations
        asked = {demand.sku: demand.quantity for demand in proposal.demands}
        return cls(
            lines=[
                SourcingLine(
                    sku=strawberry.ID(pick.sku),
                    quantity=pick.quantity if view.shows_numbers or pick.quantity == asked[pick.sku] else None,
                    location=Location.of(at[pick.location_id]),
                )
                for pick in plan.picks
            ],
            missing=[
                SourcingMissing(
                    sku=strawberry.ID(sku),
                    quantity=left if view.shows_numbers else None,
                    band=view.policy.band(asked[sku] - left),
                )
                for sku, left in plan.short.items()
            ],
            values=_values(plan.rules, plan.values, view),
            method=plan.method,
            is_proven=plan.is_proven,
            remark=plan.remark,
        )


@strawberry.type(description="A location without a part in the plan, and why.")
class SourcingLoser:
    """See `sourcing.explain.Loser`."""

    location: Location = strawberry.field(description="Which.")
    because: explain.LostBecause = strawberry.field(description="Why it lost.")
    rule: SourcingRule | None = strawberry.field(description="The first rule against it; null without one.")
    values: list[SourcingValue] = strawberry.field(
        description="What the best plan would come to that puts it beside the chosen ones or in the place of one."
    )


@strawberry.type(description="A plan, and why it is not another one.")
class SourcingExplanation:
    """A proposal with its losers."""

    plan: SourcingPlan = strawberry.field(description="The plan.")
    considered: int = strawberry.field(description="Locations that were looked at.")
    losers: list[SourcingLoser] = strawberry.field(description=f"Nearest first, at most {explain.MAX_LOSERS}.")

    @classmethod
    def of(cls, proposal: gathering.Proposal, view: View) -> "SourcingExplanation":
        """From the model, as the caller may see it."""
        rules, at = proposal.plan.rules, proposal.locations
        losers = explain.explain_losers(proposal.plan, proposal.demands, proposal.candidates)
        return cls(
            plan=SourcingPlan.of(proposal, view),
            considered=len(proposal.candidates),
            losers=[
                SourcingLoser(
                    location=Location.of(at[loser.location_id]),
                    because=loser.because,
                    rule=loser.rule,
                    values=[] if loser.values is None else _values(rules, loser.values, view),
                )
                for loser in losers
            ],
        )


@strawberry.input(description="So many pieces of a SKU, from wherever is best.")
class SourcingLineInput:
    """See `sourcing.model.Demand`."""

    sku: strawberry.ID = strawberry.field(description="Of what; every SKU once.")
    quantity: int = strawberry.field(description=f"Pieces, 1 to {MAX_QUANTITY}.")


@strawberry.input(description="What is wanted, and where: at a pickup shop or a destination, one of the two.")
class SourcingInput:
    """See `sourcing.gathering.Wish`."""

    lines: list[SourcingLineInput] = strawberry.field(description=f"At most {model.MAX_DEMANDS}.")
    pickup_location_id: strawberry.ID | None = strawberry.field(default=None, description="At this shop.")
    destination: DestinationInput | None = strawberry.field(
        default=None, description="There; only locations the channel has a lead time from are asked."
    )
    rules: list[SourcingRule] | None = strawberry.field(
        default=None, description="What a plan is judged by, in this order; the channel's if left out."
    )
    method: model.SourcingMethod | None = strawberry.field(
        default=None, description="CP_SAT or GREEDY to see what that gives; the best that fits if left out."
    )

    def to_wish(self) -> gathering.Wish:
        """For the action."""
        method = None if self.method is model.SourcingMethod.EXACT else self.method  # it may not search for ever here
        target = _target(self.pickup_location_id, self.destination)
        return gathering.Wish(_demands(self.lines), target, None if self.rules is None else tuple(self.rules), method)


@strawberry.input(description="What is to be held, from wherever is best: all of it or none.")
class StockReserveSourcedInput:
    """See `sourcing.actions.Order`."""

    idempotency_key: str = strawberry.field(
        description="The same key and input again returns the same reservation; a refused one may come again."
    )
    lines: list[SourcingLineInput] = strawberry.field(description=f"At most {model.MAX_DEMANDS}.")
    pickup_location_id: strawberry.ID | None = strawberry.field(default=None, description="Wanted at this shop.")
    destination: DestinationInput | None = strawberry.field(default=None, description="Or wanted there.")
    hold_seconds: int = strawberry.field(default=DEFAULT_HOLD_S, description=f"How long, {MIN_HOLD_S} to {MAX_HOLD_S}.")

    def to_order(self) -> actions.Order:
        """For the action."""
        wish = gathering.Wish(_demands(self.lines), _target(self.pickup_location_id, self.destination))
        return actions.Order(self.idempotency_key, wish, self.hold_seconds)


@strawberry.type(description="The reservation as it is now, or why not.")
class StockReserveSourcedPayload(Payload):
    """Of stockReserveSourced."""

    reservation: Reservation | None = strawberry.field(default=None, description="What is held, and where.")
    plan: SourcingPlan | None = strawberry.field(
        default=None, description="The plan it follows, where this very request made it; null on a replay."
    )
    pick_holds: list[PickHold] = strawberry.field(
        default_factory=list, description="Picks this request holds at locations with a limit; use them when picked."
    )


def _demands(lines: Sequence[SourcingLineInput]) -> tuple[model.Demand, ...]:
    return tuple(model.Demand(line.sku, line.quantity) for line in lines)


def _target(pickup: str | None, to: DestinationInput | None) -> gathering.Target:
    if to is None:
        return gathering.Target(pickup)
    point = None if to.point is None else to.point.to_point("input.destination.point")
    return gathering.Target(pickup, Destination(to.country, to.postal_code), point)


def _values(rules: Sequence[SourcingRule], values: Sequence[int], view: View) -> list[SourcingValue]:
    return [
        SourcingValue(rule=rule, value=None if rule in model.TELLING and not view.shows_numbers else str(value))
        for rule, value in zip(rules, values, strict=True)
    ]
