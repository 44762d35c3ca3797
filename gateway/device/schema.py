"""Mutations of devices; every resolver is a line or three."""

from typing import Annotated

import strawberry

from gateway.device.actions import approve, begin, draft_of, take
from gateway.device.types import (
    DeviceSignInApproveInput,
    DeviceSignInApprovePayload,
    DeviceSignInBeginInput,
    DeviceSignInBeginPayload,
    DeviceSignInTakeInput,
    DeviceSignInTakePayload,
)
from gateway.issuer.context import Info
from gateway.keys.actions import Shown
from gateway.keys.context import WRITE
from gateway.keys.model import Grant, Holder
from gateway.keys.types import ApiKey
from kit.graphql.demands import needs
from kit.graphql.errors import settle


@strawberry.type
class DeviceMutation:
    """A device begins and takes; somebody else lets it in."""

    @strawberry.mutation(description="Codes for a till or kiosk that wants to be let in.")
    async def device_sign_in_begin(
        self, info: Info, input: Annotated[DeviceSignInBeginInput, strawberry.argument(description="Which device.")]
    ) -> DeviceSignInBeginPayload:
        """See `actions.begin`."""
        begun = begin(info.context.devices, input.name, now=info.context.caller.at)
        return await settle(begun, DeviceSignInBeginPayload.of, DeviceSignInBeginPayload)

    @strawberry.mutation(
        description="Let in the device that shows this code. It gets a key of its own. Scope keys:write.",
        directives=[needs(WRITE)],
    )
    async def device_sign_in_approve(
        self, info: Info, input: Annotated[DeviceSignInApproveInput, strawberry.argument(description="Which device.")]
    ) -> DeviceSignInApprovePayload:
        """See `actions.approve`."""
        info.context.caller.require(WRITE)
        context = info.context
        draft = draft_of(input.name, context.keys, Grant(frozenset(input.scopes), input.channel, (input.location,)))
        holder, now = Holder.of(context.caller), context.caller.at
        approved = approve(context.devices, input.user_code, draft, holder, actor=context.actor, now=now)
        return await settle(approved, DeviceSignInApprovePayload.of, DeviceSignInApprovePayload)

    @strawberry.mutation(description="The key of a device that was let in, once; until then, that nobody has yet.")
    async def device_sign_in_take(
        self, info: Info, input: Annotated[DeviceSignInTakeInput, strawberry.argument(description="Which device.")]
    ) -> DeviceSignInTakePayload:
        """See `actions.take`."""
        context = info.context
        taken = take(context.devices, context.keys, input.device_code, now=context.caller.at)
        return await settle(taken, _payload, DeviceSignInTakePayload)


def _payload(shown: Shown) -> DeviceSignInTakePayload:
    return DeviceSignInTakePayload(api_key=ApiKey.of(shown.key), secret=shown.secret)
