"""GraphQL types that several nouns of catalog show."""

from typing import Annotated

import strawberry

from kit.graphql.errors import UserError, presents
from services.catalog import model

Locale = Annotated[
    str | None, strawberry.argument(description="BCP 47, such as ja. Falls back to its language, then English.")
]


@presents(model.Taken)
@strawberry.type(description="A slug, SKU, barcode or external id belongs to something else already.")
class Taken(UserError):
    """See `model.Taken`."""

    value: str = strawberry.field(description="The value that is taken.")
