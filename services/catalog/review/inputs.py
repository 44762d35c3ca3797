"""Inputs of reviews, each read once into the model."""

import strawberry

from services.catalog.moderation.types import Moderation, RejectionReason
from services.catalog.review.actions import Seen
from services.catalog.review.model import ReviewDraft


@strawberry.input(description="What a customer writes; a rating alone will do.")
class ReviewContentInput:
    """See `model.ReviewDraft`."""

    rating: int = strawberry.field(description="1 to 5 stars.")
    title: str | None = strawberry.field(default=None, description="A line above the text, at most 200 characters.")
    body: str = strawberry.field(default="", description="The text, at most 5,000 characters.")
    nickname: str | None = strawberry.field(default=None, description="What the author wants to be called.")
    media: list[str] = strawberry.field(default_factory=list, description="https addresses, at most 10.")

    def to_draft(self) -> ReviewDraft:
        """For the model."""
        return ReviewDraft(self.rating, self.title, self.body, self.nickname, tuple(self.media))


@strawberry.input(description="A review of a product.")
class ReviewSubmitInput:
    """Of reviewSubmit."""

    product_id: strawberry.ID = strawberry.field(description="prd_…")
    review: ReviewContentInput = strawberry.field(description="What is written.")
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is, if not the caller's: staff writes for a customer in the store."
    )


@strawberry.input(description="A review written anew.")
class ReviewEditInput:
    """Of reviewEdit."""

    id: strawberry.ID = strawberry.field(description="rev_…")
    expected_version: int = strawberry.field(description="The version that was read.")
    review: ReviewContentInput = strawberry.field(description="What is written instead.")

    def to_seen(self) -> Seen:
        """For the action."""
        return Seen(self.id, self.expected_version)


@strawberry.input(description="What staff decides about a review.")
class ReviewModerateInput:
    """Of reviewModerate."""

    id: strawberry.ID = strawberry.field(description="rev_…")
    expected_version: int = strawberry.field(description="The version that was read.")
    state: Moderation = strawberry.field(description="PUBLISHED or REJECTED.")
    reason: RejectionReason | None = strawberry.field(default=None, description="Why it is rejected.")
    note: str | None = strawberry.field(default=None, description="For colleagues.")

    def to_seen(self) -> Seen:
        """For the action."""
        return Seen(self.id, self.expected_version)


@strawberry.input(description="What the merchant says to a review.")
class ReviewAnswerInput:
    """Of reviewAnswer."""

    id: strawberry.ID = strawberry.field(description="rev_…")
    expected_version: int = strawberry.field(description="The version that was read.")
    body: str = strawberry.field(description="The answer; empty to take it back.")

    def to_seen(self) -> Seen:
        """For the action."""
        return Seen(self.id, self.expected_version)


@strawberry.input(description="Whether a review helped.")
class ReviewVoteInput:
    """Of reviewVote."""

    id: strawberry.ID = strawberry.field(description="rev_…")
    helpful: bool = strawberry.field(default=True, description="False takes the vote back.")
