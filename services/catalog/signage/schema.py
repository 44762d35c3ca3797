"""Signage in the graph; every resolver is a line or three."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.times import utc_now
from services.catalog.context import Info
from services.catalog.model import Channel
from services.catalog.signage import actions, model
from services.catalog.signage.types import SignageFeed

LocationId = Annotated[strawberry.ID, strawberry.argument(description="The shop: loc_…")]
Screen = Annotated[
    str, strawberry.argument(description="Which screen of the shop: screens side by side begin at different slides.")
]


@strawberry.type
class SignageQuery:
    """What screens ask once."""

    @strawberry.field(description="What a screen in a shop should show now, on the caller's channel.")
    async def signage_feed(self, info: Info, location: LocationId, screen: Screen = "") -> SignageFeed:
        """Deterministic: the same moment and state, the same feed."""
        channel, at = await info.context.channel(), info.context.caller.at
        place = _place(location, screen)
        return SignageFeed(row=await actions.make_feed(info.context.store, info.context.engine, channel, place, at=at))


@strawberry.type
class SignageSubscription:
    """What screens listen to."""

    @strawberry.subscription(description="A screen's feed: at once, and again when it changes or has held long enough.")
    async def signage_changed(
        self, info: Info, location: LocationId, screen: Screen = ""
    ) -> AsyncGenerator[SignageFeed, None]:
        """See `actions.watch_feed`."""
        channel, place = await info.context.channel(), _place(location, screen)
        make = partial(_now, info, channel, place)
        async for feed in actions.watch_feed(make, utc_now):
            yield SignageFeed(row=feed)


async def _now(info: Info, channel: Channel, place: tuple[str, str]) -> model.Feed:
    return await actions.make_feed(info.context.store, info.context.engine, channel, place, at=utc_now())


def _place(location: str, screen: str) -> tuple[str, str]:
    if len(screen) > model.MAX_SCREEN:
        raise BadUserInput(f"screen: expected at most {model.MAX_SCREEN} characters, got {len(screen)}")
    return location, screen
