"""GraphQL types and inputs of devices."""

import strawberry

from gateway.device import model
from gateway.keys.types import ApiKey
from kit.graphql.errors import Payload, UserError, presents


@strawberry.input(description="A till or kiosk that wants to be let in.")
class DeviceSignInBeginInput:
    """See `actions.begin`."""

    name: str = strawberry.field(description=f"What it says it is, 1 to {model.MAX_NAME} characters.")


@strawberry.input(description="A device that is let in.")
class DeviceSignInApproveInput:
    """See `actions.approve`."""

    user_code: str = strawberry.field(description="What its screen shows.")
    name: str = strawberry.field(description="The name of its key.")
    location: strawberry.ID = strawberry.field(description="Where it stands: its key is for this location only.")
    channel: str = strawberry.field(default="pos", description="The channel it is: its key is for this one only.")
    scopes: list[str] = strawberry.field(default_factory=list, description="What it may do; none beyond your own.")


@strawberry.input(description="A device that asks whether it was let in.")
class DeviceSignInTakeInput:
    """See `actions.take`."""

    device_code: str = strawberry.field(description="The long code it got.")


@presents(model.DeviceNotReady)
@strawberry.type(description="Nobody has let the device in yet: ask again.")
class DeviceNotReady(UserError):
    """See `model.DeviceNotReady`."""

    retry_after_s: int = strawberry.field(description="Seconds to wait.")


@presents(model.DeviceCodeOver)
@strawberry.type(description="The code is none of ours, has expired or was used.")
class DeviceCodeOver(UserError):
    """See `model.DeviceCodeOver`."""


@strawberry.type(description="Codes for a device, or why there are none.")
class DeviceSignInBeginPayload(Payload):
    """Of deviceSignInBegin."""

    device_code: str | None = strawberry.field(default=None, description="Its own secret: never shown to people.")
    user_code: str | None = strawberry.field(default=None, description="For its screen: WDJB-MJHT.")
    expires_in_s: int | None = strawberry.field(default=None, description="Seconds for which both are good.")
    interval_s: int | None = strawberry.field(default=None, description="Seconds between two of its questions.")

    @classmethod
    def of(cls, codes: model.Codes) -> "DeviceSignInBeginPayload":
        """Both codes."""
        left = int(model.CODE_TTL.total_seconds())
        shown = model.shown(codes.user)
        return cls(device_code=codes.device, user_code=shown, expires_in_s=left, interval_s=model.INTERVAL_S)


@strawberry.type(description="The device that was let in, or why not.")
class DeviceSignInApprovePayload(Payload):
    """Of deviceSignInApprove."""

    device_name: str | None = strawberry.field(default=None, description="What it had said it is.")

    @classmethod
    def of(cls, waiting: model.Waiting) -> "DeviceSignInApprovePayload":
        """Of a device that was let in."""
        return cls(device_name=waiting.name)


@strawberry.type(description="The device's own key, shown this once, or why there is none.")
class DeviceSignInTakePayload(Payload):
    """Of deviceSignInTake."""

    api_key: ApiKey | None = strawberry.field(default=None, description="What it may do.")
    secret: str | None = strawberry.field(default=None, description="The whole key.")


ERRORS: tuple[type[UserError], ...] = (DeviceNotReady, DeviceCodeOver)
