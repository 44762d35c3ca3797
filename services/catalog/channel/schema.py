"""Mutations of channels; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.catalog import model
from services.catalog.channel import actions
from services.catalog.channel.inputs import ChannelUpsertInput
from services.catalog.channel.types import ChannelUpsertPayload
from services.catalog.context import WRITE, Info


@strawberry.type
class ChannelMutation:
    """What may be changed of channels."""

    @strawberry.mutation(description="Create or change a channel of sale.", directives=[needs(WRITE)])
    async def channel_upsert(
        self, info: Info, input: Annotated[ChannelUpsertInput, strawberry.argument(description="The channel, whole.")]
    ) -> ChannelUpsertPayload:
        """See `actions.put_channel`."""
        info.context.caller.require(WRITE)
        return await settle(_put_channel(info, input), ChannelUpsertPayload.of, ChannelUpsertPayload)


async def _put_channel(info: Info, input: ChannelUpsertInput) -> model.Channel:
    return await actions.put_channel(info.context.store, input.to_model())
