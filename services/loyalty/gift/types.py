"""GraphQL types of gifts."""

import strawberry

from kit.graphql.errors import UserError, presents
from services.loyalty.enums import Pace
from services.loyalty.gift import model
from services.loyalty.types import PostedPayload


@presents(model.GiftLimitReached)
@strawberry.type(description="The giver has given as much as a day allows.")
class GiftLimitReached(UserError):
    """See `model.GiftLimitReached`."""

    requested: int = strawberry.field(description="What was to be given.")
    given_today: int = strawberry.field(description="What was given on this day (UTC) before.")
    limit: int = strawberry.field(description="What a day allows.")


@presents(model.GiftsTooFast)
@strawberry.type(description="The giver has given, or the receiver was given to, as often as is allowed.")
class GiftsTooFast(UserError):
    """See `model.GiftsTooFast`; the path says whose limit it is."""

    counted: int = strawberry.field(description="How often by now.")
    limit: int = strawberry.field(description="How often at most.")
    pace: Pace = strawberry.field(description="In which window.")


@strawberry.type(description="The points given, or why not.")
class PointsGiftPayload(PostedPayload):
    """Of pointsGift: the giver's side; the receiver's is the receiver's."""
