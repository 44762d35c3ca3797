"""GraphQL types of adjustments."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.loyalty.adjustment import model
from services.loyalty.types import Customer

strawberry.enum(
    model.AdjustmentState,
    name="PointsAdjustmentState",
    description="REQUESTED until somebody else decides; APPROVED moves the points.",
)


@presents(model.PointsApprovalNeeded)
@strawberry.type(description="So large a change by hand, or so many on a day, needs somebody else: see pointsAdjust.")
class PointsApprovalNeeded(UserError):
    """See `model.PointsApprovalNeeded`."""

    requested: int = strawberry.field(description="What was to be changed.")
    maximum: int = strawberry.field(description="What the caller may change alone, at a time.")
    maximum_a_day: int = strawberry.field(name="maximumADay", description="And in a day (UTC).")


@presents(model.AdjustmentOwn)
@strawberry.type(description="Who has asked for a change may not decide on it.")
class PointsAdjustmentOwn(UserError):
    """See `model.AdjustmentOwn`."""

    adjustment_id: strawberry.ID = strawberry.field(description="The request.")
    actor: str = strawberry.field(description="Who has asked for it.")


@presents(model.AdjustmentDecided)
@strawberry.type(description="The request was decided before, or its time is over.")
class PointsAdjustmentDecided(UserError):
    """See `model.AdjustmentDecided`."""

    adjustment_id: strawberry.ID = strawberry.field(description="The request.")
    state: model.AdjustmentState = strawberry.field(description="What it is.")


@strawberry.type(description="A change of points by hand: who asked for it and why, who decided and why.")
class PointsAdjustment:
    """See `model.Adjustment`."""

    id: strawberry.ID = strawberry.field(description="adj_…")
    points: int = strawberry.field(description="To be given or, below zero, taken back.")
    reason: str = strawberry.field(description="As the statement says.")
    note: str | None = strawberry.field(description="For who decides.")
    state: model.AdjustmentState = strawberry.field(description="Where it is in its life.")
    requested_by: str = strawberry.field(description="Who has asked for it: staff:…")
    requested_at: datetime = strawberry.field(description="When.")
    expires_at: datetime = strawberry.field(description="Until when somebody may decide.")
    decided_by: str | None = strawberry.field(
        description="Who has decided; null with APPROVED: it was within what its asker may change alone."
    )
    decided_at: datetime | None = strawberry.field(description="When it was decided, or was over.")
    decision_reason: str | None = strawberry.field(description="Why it was decided so.")
    policy_version: int = strawberry.field(description="The policy that said whether somebody else is needed.")
    entry_id: strawberry.ID | None = strawberry.field(description="The entry of its points; null: none moved yet.")
    customer: Customer | None = strawberry.field(description="Whose points.")

    @classmethod
    def of(cls, row: model.Adjustment) -> "PointsAdjustment":
        """From the model."""
        return cls(
            id=strawberry.ID(row.id),
            points=row.points,
            reason=row.reason,
            note=row.note,
            state=row.state,
            requested_by=row.requested_by,
            requested_at=row.requested_at,
            expires_at=row.expires_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            decision_reason=row.decision_reason,
            policy_version=row.policy_version,
            entry_id=None if row.entry_id is None else strawberry.ID(row.entry_id),
            customer=Customer(id=strawberry.ID(row.customer_id)),
        )


@strawberry.type(description="What a role may change alone.")
class PointsRoleLimit:
    """See `model.RoleLimit`."""

    scope: str = strawberry.field(description="Who holds this scope.")
    points: int = strawberry.field(description="Of one change, up or down.")
    points_a_day: int = strawberry.field(name="pointsADay", description="Of one person's changes on a day (UTC).")


@strawberry.type(description="What may be changed by hand without somebody else.")
class PointsAdjustmentPolicy:
    """See `model.AdjustmentPolicy`."""

    version: int = strawberry.field(description="0: the one that is built in.")
    roles: list[PointsRoleLimit] = strawberry.field(description="Who has several has the widest.")
    approval_days: int = strawberry.field(description="How long a request waits for somebody.")

    @classmethod
    def of(cls, row: model.AdjustmentPolicy) -> "PointsAdjustmentPolicy":
        """From the model."""
        roles = [
            PointsRoleLimit(scope=role.scope, points=role.points, points_a_day=role.points_a_day) for role in row.roles
        ]
        return cls(version=row.version, roles=roles, approval_days=row.approval_days)


@strawberry.type(description="The request as it is now, or why not.")
class PointsAdjustmentPayload(Payload):
    """Of pointsAdjust, pointsAdjustmentApprove and pointsAdjustmentReject."""

    adjustment: PointsAdjustment | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, row: model.Adjustment) -> "PointsAdjustmentPayload":
        """From the action."""
        return cls(adjustment=PointsAdjustment.of(row))


@strawberry.type(description="The policy that was set, or why not.")
class PointsAdjustmentPolicySetPayload(Payload):
    """Of pointsAdjustmentPolicySet."""

    policy: PointsAdjustmentPolicy | None = strawberry.field(default=None, description="The new version.")

    @classmethod
    def of(cls, row: model.AdjustmentPolicy) -> "PointsAdjustmentPolicySetPayload":
        """From the action."""
        return cls(policy=PointsAdjustmentPolicy.of(row))
