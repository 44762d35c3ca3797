"""Mutations of consent; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.errors import settle
from services.customer.consent import actions, model
from services.customer.consent.inputs import ConsentRecordInput
from services.customer.consent.types import (
    ConsentRecordPayload,
)
from services.customer.context import CONSENT, Info


@strawberry.type
class ConsentMutation:
    """Answers are noted."""

    @strawberry.mutation(
        description="Note an answer; nothing is ever overwritten. Needs consents:write, or the caller is that customer."
    )
    async def consent_record(
        self, info: Info, input: Annotated[ConsentRecordInput, strawberry.argument(description="Who said what.")]
    ) -> ConsentRecordPayload:
        """See `actions.record`."""
        caller = info.context.caller
        if caller.customer is None or input.customer_id != caller.customer:
            caller.require(CONSENT)
        return await settle(_record(info, input), ConsentRecordPayload.of, ConsentRecordPayload)


async def _record(info: Info, input: ConsentRecordInput) -> model.ConsentRecord:
    context = info.context
    request = input.to_request(context.store.secret)
    return await actions.record(context.store, request, context.actor, now=context.caller.at)
