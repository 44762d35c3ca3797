"""Inputs of questions, each read once into the model."""

import strawberry

from services.catalog.moderation.types import Moderation, RejectionReason
from services.catalog.question.actions import SeenQuestion
from services.catalog.question.model import Words


@strawberry.input(description="A question of a product.")
class QuestionAskInput:
    """Of questionAsk."""

    product_id: strawberry.ID = strawberry.field(description="prd_…")
    body: str = strawberry.field(description="The text, at most 5,000 characters.")
    nickname: str | None = strawberry.field(default=None, description="What the author wants to be called.")
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is, if not the caller's: staff asks for a customer in the store."
    )

    def to_words(self) -> Words:
        """For the model."""
        return Words(self.body, self.nickname)


@strawberry.input(description="An answer to a published question.")
class QuestionAnswerInput:
    """Of questionAnswer."""

    id: strawberry.ID = strawberry.field(description="The question: qst_…")
    body: str = strawberry.field(description="The text, at most 5,000 characters.")
    nickname: str | None = strawberry.field(default=None, description="What the author wants to be called.")

    def to_words(self) -> Words:
        """For the model."""
        return Words(self.body, self.nickname)


@strawberry.input(description="What staff decides about a question or an answer.")
class QuestionModerateInput:
    """Of questionModerate."""

    id: strawberry.ID = strawberry.field(description="The question: qst_…")
    expected_version: int = strawberry.field(description="The question's version that was read.")
    state: Moderation = strawberry.field(description="PUBLISHED or REJECTED.")
    answer_id: strawberry.ID | None = strawberry.field(default=None, description="The answer it is about: ans_…")
    reason: RejectionReason | None = strawberry.field(default=None, description="Why it is rejected.")
    note: str | None = strawberry.field(default=None, description="For colleagues.")

    def to_seen(self) -> SeenQuestion:
        """For the action."""
        return SeenQuestion(self.id, self.expected_version, self.answer_id)
