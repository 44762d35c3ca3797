"""GraphQL inputs of adjustments, each read once into the model."""

import strawberry

from services.loyalty.adjustment.model import AdjustmentPolicy, AdjustmentRequest, RoleLimit
from services.loyalty.model import CustomerId
from services.loyalty.posting.model import MAX_POINTS, MAX_TEXT


@strawberry.input(description="Points to be changed by hand.")
class PointsAdjustInput:
    """See `model.AdjustmentRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    points: int = strawberry.field(
        description=f"Up to {MAX_POINTS} to be given, or below zero taken back; what is not there becomes debt."
    )
    reason: str = strawberry.field(description=f"For the statement, 1 to {MAX_TEXT} characters.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    note: str | None = strawberry.field(default=None, description=f"For who decides, at most {MAX_TEXT} characters.")

    def to_request(self, actor: str) -> AdjustmentRequest:
        """For the model."""
        who = CustomerId(self.customer_id)
        return AdjustmentRequest(who, self.points, self.reason, self.idempotency_key, actor, self.note)


@strawberry.input(description="A decision on what somebody else has asked for. It is made once.")
class PointsAdjustmentDecideInput:
    """Which one, and why."""

    adjustment_id: strawberry.ID = strawberry.field(description="adj_…")
    reason: str = strawberry.field(description=f"1 to {MAX_TEXT} characters.")


@strawberry.input(description="What a role may change alone.")
class PointsRoleLimitInput:
    """See `model.RoleLimit`."""

    scope: str = strawberry.field(description="Who holds this scope: points:write, or any that a key may have.")
    points: int = strawberry.field(description="Of one change, up or down.")
    points_a_day: int = strawberry.field(name="pointsADay", description="Of one person's changes on a day (UTC).")


@strawberry.input(description="A policy to be put in force from now on.")
class PointsAdjustmentPolicySetInput:
    """The policy, and on top of which version."""

    expected_version: int = strawberry.field(description="The version that was read; 0: none was set.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    roles: list[PointsRoleLimitInput] = strawberry.field(description="Who has several has the widest; none: nothing.")
    approval_days: int = strawberry.field(default=7, description="How long a request waits for somebody.")

    def to_policy(self) -> AdjustmentPolicy:
        """For the model."""
        roles = tuple(RoleLimit(role.scope, role.points, role.points_a_day) for role in self.roles)
        return AdjustmentPolicy(0, roles, self.approval_days)
