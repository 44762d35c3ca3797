"""Questions and answers as the graph shows them."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.context import Info
from services.catalog.moderation.types import Moderation, may_read
from services.catalog.product.model import Product as ProductRow
from services.catalog.question import model


@strawberry.type(description="An answer to a question.")
class QuestionAnswer:
    """See `model.QuestionAnswer`."""

    row: strawberry.Private[model.QuestionAnswer]

    @strawberry.field(description="ans_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="The text.")
    def body(self) -> str:
        """As written."""
        return self.row.words.body

    @strawberry.field(description="What its author wants to be called.")
    def nickname(self) -> str | None:
        """As written."""
        return self.row.words.nickname

    @strawberry.field(description="Whether the merchant gave it.")
    def is_merchants(self) -> bool:
        """No customer did."""
        return self.row.customer_id is None

    @strawberry.field(description="When it was given.")
    def at(self) -> datetime:
        """UTC."""
        return self.row.at

    @strawberry.field(description="Whether others may read it.")
    def state(self) -> Moderation:
        """Moderated."""
        return Moderation(self.row.verdict.state.value)


@strawberry.type(description="What a customer wants to know of a product.")
class Question:
    """See `model.Question`."""

    row: strawberry.Private[model.Question]

    @strawberry.field(description="qst_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="The product it is about.")
    def product_id(self) -> strawberry.ID:
        """prd_…"""
        return strawberry.ID(self.row.product_id)

    @strawberry.field(description="The text.")
    def body(self) -> str:
        """As written."""
        return self.row.words.body

    @strawberry.field(description="What its author wants to be called.")
    def nickname(self) -> str | None:
        """As written."""
        return self.row.words.nickname

    @strawberry.field(description="When it was asked.")
    def created_at(self) -> datetime:
        """UTC."""
        return self.row.created_at

    @strawberry.field(description="Rises with every change; give it as `expectedVersion`.")
    def version(self) -> int:
        """For moderation."""
        return self.row.version

    @strawberry.field(description="Whether others may read it.")
    def state(self) -> Moderation:
        """Moderated."""
        return Moderation(self.row.verdict.state.value)

    @strawberry.field(description="Its published answers, first come first; others for their authors and staff.")
    def answers(self, info: Info) -> list[QuestionAnswer]:
        """At most 50."""
        shown = [one for one in self.row.answers if one.is_published or may_read(info, one.customer_id)]
        return [QuestionAnswer(row=answer) for answer in shown]


@strawberry.type(description="What a product shows of questions.")
class ProductQuestions:
    """Inherited by `Product`."""

    row: strawberry.Private[ProductRow]

    @strawberry.field(description="Its published questions, newest first.")
    async def questions(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Question]:
        """A page."""
        page = await info.context.store.question.page(self.row.id, PageArgs.parse(first, after))
        return Connection.of(page, lambda row: Question(row=row))


@strawberry.type(description="The question as it is now, or why not.")
class QuestionPayload(Payload):
    """Of every mutation of questions."""

    question: Question | None = strawberry.field(default=None, description="The question as it is kept now.")

    @classmethod
    def of(cls, row: model.Question) -> "QuestionPayload":
        """From the model."""
        return cls(question=Question(row=row))
