"""What value adds to a customer."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.execution import batch_field
from services.customer.context import Info
from services.customer.person.types import Profile
from services.customer.value import actions
from services.customer.value.model import MAX_FAVOURITES
from services.customer.value.types import CustomerValue, FavouriteCategory, Visit

DEFAULT_FAVOURITES = 5


@strawberry.type
class ValueFields(Profile):
    """What value adds to a customer."""

    @batch_field(description="What they are worth: lifetime value, scores, channels; over every profile they had.")
    @staticmethod
    async def value(customers: "Sequence[ValueFields]", info: Info) -> list[CustomerValue]:
        """One query for all."""
        ids = [customer.profile_id for customer in customers]
        persons = {id: await info.context.loaders.person_of(id) for id in ids}
        found = await actions.values(info.context.store, persons, info.context.caller.at)
        return [CustomerValue.of(found[id]) for id in ids]

    @strawberry.field(description="The categories they buy most from, of their newest 500 orders.")
    async def favourite_categories(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description=f"Rows wanted, 1 to {MAX_FAVOURITES}.")] = (
            DEFAULT_FAVOURITES
        ),
    ) -> list[FavouriteCategory]:
        """The most pieces first."""
        if not 1 <= first <= MAX_FAVOURITES:
            raise BadUserInput(f"first: expected 1 to {MAX_FAVOURITES}, got {first}")
        person = await info.context.loaders.person_of(self.profile_id)
        return [FavouriteCategory.of(row) for row in await actions.favourites(info.context.store, person, first)]

    @strawberry.field(description="When they last did anything on any channel, a coupon received is nothing they did.")
    async def last_visit(self, info: Info) -> Visit | None:
        """Null if nothing is known."""
        loaders = info.context.loaders
        person, subjects = await loaders.person_of(self.profile_id), await loaders.subjects.load(self.profile_id)
        found = await actions.visit(info.context.store, person, subjects)
        return None if found is None else Visit.of(found)
