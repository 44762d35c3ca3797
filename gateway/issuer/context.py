"""What a resolver of the gateway's own subgraph may reach: the caller, keys, accounts and devices."""

from dataclasses import dataclass

import strawberry

from gateway.device.store import DeviceStore
from gateway.issuer.actions import Desk
from gateway.keys import context


@dataclass(slots=True)
class Context(context.Context):
    """One request's."""

    desk: Desk
    devices: DeviceStore


Info = strawberry.Info[Context, None]
