"""Adjustments in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.loyalty.adjustment import model
from services.loyalty.adjustment.actions import ask, decide, policy_in_force, set_policy
from services.loyalty.adjustment.inputs import (
    PointsAdjustInput,
    PointsAdjustmentDecideInput,
    PointsAdjustmentPolicySetInput,
)
from services.loyalty.adjustment.store import AdjustmentStore
from services.loyalty.adjustment.types import (
    PointsAdjustment,
    PointsAdjustmentDecided,
    PointsAdjustmentOwn,
    PointsAdjustmentPayload,
    PointsAdjustmentPolicy,
    PointsAdjustmentPolicySetPayload,
    PointsApprovalNeeded,
)
from services.loyalty.context import APPROVE, READ, RULES, WRITE, Info

ADJUSTMENT_ERRORS = [PointsApprovalNeeded, PointsAdjustmentOwn, PointsAdjustmentDecided]


@strawberry.type
class AdjustmentQuery:
    """What is changed by hand."""

    @strawberry.field(
        description="Changes by hand, the newest first. Needs the scope points:read.", directives=[needs(READ)]
    )
    async def points_adjustments(
        self,
        info: Info,
        state: Annotated[
            model.AdjustmentState | None, strawberry.argument(description="Only these, such as REQUESTED.")
        ] = None,
        customer_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only of this customer.")] = None,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[PointsAdjustment]:
        """A page."""
        info.context.caller.require(READ)
        store = AdjustmentStore(info.context.store.db)
        page = await store.page(PageArgs.parse(first, after), state, customer_id)
        return Connection.of(page, PointsAdjustment.of)

    @strawberry.field(
        description="What may be changed by hand alone. Needs the scope points:read.", directives=[needs(READ)]
    )
    async def points_adjustment_policy(self, info: Info) -> PointsAdjustmentPolicy:
        """The policy in force."""
        info.context.caller.require(READ)
        return PointsAdjustmentPolicy.of(await policy_in_force(info.context.store))


@strawberry.type
class AdjustmentMutation:
    """Changing by hand, and deciding on what others ask for."""

    @strawberry.mutation(
        description="Change points by hand: at once within what the caller may change alone, else somebody else is "
        "asked. A member of staff with the scope points:write.",
        directives=[needs(WRITE)],
    )
    async def points_adjust(
        self, info: Info, input: Annotated[PointsAdjustInput, strawberry.argument(description="Whose, how many, why.")]
    ) -> PointsAdjustmentPayload:
        """See `actions.ask`."""
        context, staff = info.context, info.context.require_staff(WRITE)
        asked = ask(context.store, input.to_request(staff), context.caller.scopes, now=context.caller.at)
        return await settle(asked, PointsAdjustmentPayload.of, PointsAdjustmentPayload)

    @strawberry.mutation(
        description="Approve what somebody else has asked for: the points move. Staff with the scope points:approve.",
        directives=[needs(APPROVE)],
    )
    async def points_adjustment_approve(
        self, info: Info, input: Annotated[PointsAdjustmentDecideInput, strawberry.argument(description="Which one.")]
    ) -> PointsAdjustmentPayload:
        """See `actions.decide`."""
        return await _decide(info, input, model.AdjustmentState.APPROVED)

    @strawberry.mutation(
        description="Say no to what somebody else has asked for. Staff with the scope points:approve.",
        directives=[needs(APPROVE)],
    )
    async def points_adjustment_reject(
        self, info: Info, input: Annotated[PointsAdjustmentDecideInput, strawberry.argument(description="Which one.")]
    ) -> PointsAdjustmentPayload:
        """See `actions.decide`."""
        return await _decide(info, input, model.AdjustmentState.REJECTED)

    @strawberry.mutation(
        description="Say what may be changed by hand alone, as the next version. Needs the scope points:rules.",
        directives=[needs(RULES)],
    )
    async def points_adjustment_policy_set(
        self,
        info: Info,
        input: Annotated[PointsAdjustmentPolicySetInput, strawberry.argument(description="The policy, whole.")],
    ) -> PointsAdjustmentPolicySetPayload:
        """See `actions.set_policy`."""
        info.context.caller.require(RULES)
        return await settle(_set(info, input), PointsAdjustmentPolicySetPayload.of, PointsAdjustmentPolicySetPayload)


async def _decide(
    info: Info, input: PointsAdjustmentDecideInput, state: model.AdjustmentState
) -> PointsAdjustmentPayload:
    context, staff = info.context, info.context.require_staff(APPROVE)
    now, id = context.caller.at, input.adjustment_id
    done = decide(context.store, id, state, actor=staff, reason=input.reason, now=now)
    return await settle(done, PointsAdjustmentPayload.of, PointsAdjustmentPayload)


async def _set(info: Info, input: PointsAdjustmentPolicySetInput) -> model.AdjustmentPolicy:
    context = info.context
    return await set_policy(
        context.store,
        input.to_policy(),
        input.idempotency_key,
        expected_version=input.expected_version,
        actor=context.actor,
        now=context.caller.at,
    )
