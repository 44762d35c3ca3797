"""Reviews and ratings as the graph shows them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.errors import Payload
from kit.graphql.execution import batch_field
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.context import Info
from services.catalog.moderation.types import MerchantAnswer, Moderation, RejectionReason, may_read
from services.catalog.product.model import Product as ProductRow
from services.catalog.review import model


@strawberry.enum(description="The order of a product's reviews.")
class ReviewSort(Enum):
    """See `model.ReviewSort`."""

    HELPFUL = strawberry.enum_value("helpful", description="Most helpful first, newest of them first.")
    NEWEST = strawberry.enum_value("newest", description="Newest first.")
    BEST = strawberry.enum_value("best", description="Five stars first.")
    WORST = strawberry.enum_value("worst", description="One star first.")


@strawberry.type(description="How many reviews gave so many stars.")
class StarCount:
    """A bar of the histogram."""

    stars: int = strawberry.field(description="1 to 5.")
    count: int = strawberry.field(description="Published reviews.")


@strawberry.type(description="What a product's published reviews amount to.")
class Rating:
    """See `model.Standing`."""

    row: strawberry.Private[model.Standing]

    @strawberry.field(description="The mean with two decimals; null without reviews.")
    def average(self) -> Decimal | None:
        """Rounded half even."""
        return None if not self.row.count else round(Decimal(self.row.sum) / self.row.count, 2)

    @strawberry.field(description="Published reviews.")
    def count(self) -> int:
        """All of them."""
        return self.row.count

    @strawberry.field(description="How many gave five stars, four, down to one.")
    def histogram(self) -> list[StarCount]:
        """Five bars."""
        bars = zip(model.STARS, self.row.stars, strict=True)
        return [StarCount(stars=star, count=count) for star, count in reversed(list(bars))]


@strawberry.type(description="What a customer thinks of a product.")
class Review:
    """See `model.Review`."""

    row: strawberry.Private[model.Review]

    @strawberry.field(description="rev_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="The product it is about.")
    def product_id(self) -> strawberry.ID:
        """prd_…"""
        return strawberry.ID(self.row.product_id)

    @strawberry.field(description="1 to 5 stars.")
    def rating(self) -> int:
        """Stars."""
        return self.row.draft.rating

    @strawberry.field(description="A line above the text.")
    def title(self) -> str | None:
        """As written."""
        return self.row.draft.title

    @strawberry.field(description="The text; may be empty.")
    def body(self) -> str:
        """As written."""
        return self.row.draft.body

    @strawberry.field(description="What its author wants to be called.")
    def nickname(self) -> str | None:
        """As written."""
        return self.row.draft.nickname

    @strawberry.field(description="Addresses of pictures and films.")
    def media(self) -> list[str]:
        """All https."""
        return list(self.row.draft.media)

    @strawberry.field(description="Whether its author bought the product, in a store or online.")
    def is_verified(self) -> bool:
        """By the orders told."""
        return self.row.verified

    @strawberry.field(description="Customers who found it helpful.")
    def helpful_count(self) -> int:
        """Votes."""
        return self.row.helpful

    @strawberry.field(description="What the merchant says to it.")
    def answer(self) -> MerchantAnswer | None:
        """Shown below."""
        return MerchantAnswer.of(self.row.answer)

    @strawberry.field(description="When it was written first.")
    def created_at(self) -> datetime:
        """UTC."""
        return self.row.created_at

    @strawberry.field(description="When it was last edited or moderated.")
    def updated_at(self) -> datetime:
        """UTC."""
        return self.row.updated_at

    @strawberry.field(description="Rises with every change but votes; give it as `expectedVersion`.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version

    @strawberry.field(description="Whether others may read it.")
    def state(self) -> Moderation:
        """Moderated."""
        return Moderation(self.row.verdict.state.value)

    @strawberry.field(description="Why it was rejected; for its author and staff.")
    def rejection_reason(self, info: Info) -> RejectionReason | None:
        """Null for others."""
        reason = self.row.verdict.reason
        return RejectionReason(reason.value) if reason and may_read(info, self.row.author.customer_id) else None

    @strawberry.field(description="Who wrote it; for its author and staff.")
    def customer_id(self, info: Info) -> strawberry.ID | None:
        """Null for others."""
        id = self.row.author.customer_id
        return strawberry.ID(id) if id is not None and may_read(info, id) else None


@strawberry.type(description="What a product shows of its reviews.")
class ProductReviews:
    """Inherited by `Product`."""

    row: strawberry.Private[ProductRow]

    @batch_field(description="What its published reviews amount to, as of moments ago.")
    @staticmethod
    async def rating(products: "Sequence[ProductReviews]", info: Info) -> list[Rating]:
        """One query for all products."""
        known = await info.context.store.standing.by_product([product.row.id for product in products])
        found = [known.get(product.row.id) for product in products]
        return [Rating(row=model.Standing() if one is None else one.standing) for one in found]

    @strawberry.field(description="Its published reviews.")
    async def reviews(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        sort: Annotated[ReviewSort, strawberry.argument(description="The order.")] = ReviewSort.HELPFUL,
        rating: Annotated[int | None, strawberry.argument(description="Only with so many stars.")] = None,
    ) -> Connection[Review]:
        """A page."""
        if rating is not None and rating not in model.STARS:
            raise BadUserInput(f"rating: expected 1 to 5, got {rating}")
        order, args = model.ReviewSort(sort.value), PageArgs.parse(first, after)
        page = await info.context.store.review.page(self.row.id, order, rating, args)
        return Connection.of(page, lambda row: Review(row=row))


@strawberry.type(description="The review as it is now, or why not.")
class ReviewPayload(Payload):
    """Of every mutation of reviews."""

    review: Review | None = strawberry.field(default=None, description="The review as it is kept now.")

    @classmethod
    def of(cls, row: model.Review) -> "ReviewPayload":
        """From the model."""
        return cls(review=Review(row=row))
