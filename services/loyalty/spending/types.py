"""GraphQL types of spending: the rules, and what may be spent."""

import strawberry

from kit.graphql.errors import UserError, presents
from services.loyalty.earning.types import EarnRate, SpendingRules
from services.loyalty.enums import Pace
from services.loyalty.spending import model
from services.loyalty.spending.actions import Preview

strawberry.enum(model.SpendLimit, description="What keeps a member from spending more, or from spending so little.")
__all__ = ["EarnRate", "SpendBound", "SpendPreview", "SpendingNotAllowed", "SpendingRules", "SpendingTooFast"]


@presents(model.SpendingNotAllowed)
@strawberry.type(description="The rules let points be spent, but not so many, or not so few.")
class SpendingNotAllowed(UserError):
    """See `model.SpendingNotAllowed`."""

    limit: model.SpendLimit = strawberry.field(description="Which rule.")
    requested: int = strawberry.field(description="What was to be spent.")
    allowed: int = strawberry.field(description="What may be: at most, or with MINIMUM at least.")
    programme_version: int = strawberry.field(description="The programme whose rule it is.")


@presents(model.SpendingTooFast)
@strawberry.type(description="The member has spent, or set aside, as much as the hour or the day allows.")
class SpendingTooFast(UserError):
    """See `model.SpendingTooFast`."""

    pace: Pace = strawberry.field(description="Which window.")
    requested: int = strawberry.field(description="What was to be spent.")
    spent: int = strawberry.field(description="What was spent or set aside in it; a void gives nothing of it back.")
    limit: int = strawberry.field(description="What it allows.")


@strawberry.type(description="A limit, and the points it leaves.")
class SpendBound:
    """See `model.Bound`."""

    limit: model.SpendLimit = strawberry.field(description="Which.")
    points: int = strawberry.field(description="What may be spent at most by it and those before it.")


@strawberry.type(description="How many points may be spent on a basket, and why not more.")
class SpendPreview:
    """See `actions.Preview`."""

    points: int = strawberry.field(description="At most so many.")
    bounds: list[SpendBound] = strawberry.field(description="Each narrower than the one before; the last one counts.")
    rules: SpendingRules = strawberry.field(description="The rules in force.")
    programme_version: int = strawberry.field(description="The programme they are part of.")

    @classmethod
    def of(cls, row: Preview) -> "SpendPreview":
        """From the action."""
        return cls(
            points=row.bounds[-1].points,
            bounds=[SpendBound(limit=bound.limit, points=bound.points) for bound in row.bounds],
            rules=SpendingRules.of(row.rules),
            programme_version=row.programme_version,
        )
