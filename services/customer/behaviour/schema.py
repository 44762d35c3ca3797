"""Mutations of behaviour; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import Forbidden
from kit.graphql.errors import present, settle
from services.customer.behaviour import actions, model
from services.customer.behaviour.checks import Door, check_device
from services.customer.behaviour.inputs import DeviceAttachInput, EventsTrackInput
from services.customer.behaviour.types import (
    DeviceAttachPayload,
    EventsTrackPayload,
)
from services.customer.context import TRACK, Info
from services.customer.device.model import device_subject


@strawberry.type
class BehaviourMutation:
    """Events come in."""

    @strawberry.mutation(
        description="What people did, up to 1,000 events, late and in any order; each row stands for itself, told "
        "again it changes nothing. Needs behaviour:write, or everything is the calling customer's own."
    )
    async def events_track(
        self, info: Info, input: Annotated[EventsTrackInput, strawberry.argument(description="What was done.")]
    ) -> EventsTrackPayload:
        """See `actions.track`."""
        _may_track(info, [event.customer_id for event in input.events])
        drafts = [event.to_draft() for event in input.events]
        tracked = actions.track(info.context.store, _door(info, input.source), drafts)
        return await settle(tracked, _report, EventsTrackPayload)

    @strawberry.mutation(
        description="Somebody logged in: what was done at the device is theirs, if nobody else was ever seen there. "
        "Needs behaviour:write, or the caller is that customer."
    )
    async def device_attach(
        self, info: Info, input: Annotated[DeviceAttachInput, strawberry.argument(description="Who, and where.")]
    ) -> DeviceAttachPayload:
        """See `actions.attach`."""
        _may_track(info, [input.customer_id])
        return await settle(_attach(info, input), lambda _: DeviceAttachPayload(attached=True), DeviceAttachPayload)


def _may_track(info: Info, whose: list[strawberry.ID | None]) -> None:
    caller = info.context.caller
    if TRACK in caller.scopes:
        return
    if caller.customer is None or any(id is not None and id != caller.customer for id in whose):
        raise Forbidden(f"what others did needs the scope {TRACK!r}")


def _door(info: Info, source: str) -> Door:
    caller = info.context.caller
    return Door(source, caller.channel, caller.location, info.context.store.secret, caller.at)


async def _attach(info: Info, input: DeviceAttachInput) -> None:
    store = info.context.store
    check_device(input.device)
    device = device_subject(store.secret, input.device)
    await actions.attach(store, input.customer_id, device, now=info.context.caller.at)


def _report(done: model.TrackReport) -> EventsTrackPayload:
    return EventsTrackPayload(
        accepted=done.accepted,
        duplicates=done.duplicates,
        opted_out=list(done.opted_out),
        user_errors=[present(refusal) for refusal in done.refused],
    )
