"""Related products as the graph reads them; they are shown where products are."""

from typing import Annotated

import strawberry

from services.catalog.related.model import RelationKind

strawberry.enum(RelationKind, description="What the other product is to this one.")
OfKind = Annotated[RelationKind | None, strawberry.argument(description="Only of this kind.")]


@strawberry.input(description="Another product, and what it is to this one.")
class RelatedInput:
    """See `related.model.Related`."""

    kind: RelationKind = strawberry.field(description="What it is to this one.")
    product_id: strawberry.ID = strawberry.field(description="prd_…")
