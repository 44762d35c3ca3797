"""Questions in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.context import Info
from services.catalog.moderation import model as moderation
from services.catalog.moderation.model import MODERATE
from services.catalog.moderation.types import Moderation, verdict_of, writer
from services.catalog.question import actions
from services.catalog.question.inputs import QuestionAnswerInput, QuestionAskInput, QuestionModerateInput
from services.catalog.question.model import Question as QuestionRow
from services.catalog.question.types import Question, QuestionPayload
from services.catalog.review.actions import PARTS


@strawberry.type
class QuestionQuery:
    """What staff has to read."""

    @strawberry.field(
        description="Questions to be read, the longest waiting first; needs reviews:moderate.",
        directives=[needs(MODERATE)],
    )
    async def question_queue(
        self,
        info: Info,
        state: Annotated[Moderation, strawberry.argument(description="Of this state.")] = Moderation.PENDING,
        of_answers: Annotated[
            bool, strawberry.argument(description="Questions with an answer of this state instead.")
        ] = False,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Question]:
        """A page."""
        info.context.caller.require(MODERATE)
        wanted, args = moderation.Moderation(state.value), PageArgs.parse(first, after)
        page = await info.context.store.question.queue(wanted, args, of_answers=of_answers)
        return Connection.of(page, lambda row: Question(row=row))


@strawberry.type
class QuestionMutation:
    """What may be done with questions."""

    @strawberry.mutation(description="Ask something about a product. It is shown when staff has read it.")
    async def question_ask(
        self, info: Info, input: Annotated[QuestionAskInput, strawberry.argument(description="The question.")]
    ) -> QuestionPayload:
        """See `actions.ask_question`."""
        return await settle(_ask(info, input, writer(info, input.customer_id)), QuestionPayload.of, QuestionPayload)

    @strawberry.mutation(
        description="Answer a question; the merchant's (reviews:moderate) is shown at once, a customer's when read."
    )
    async def question_answer(
        self, info: Info, input: Annotated[QuestionAnswerInput, strawberry.argument(description="The answer.")]
    ) -> QuestionPayload:
        """See `actions.answer_question`."""
        caller = info.context.caller
        customer = None if MODERATE in caller.scopes else writer(info, None)
        action = actions.answer_question(info.context.store, input.id, customer, input.to_words(), now=caller.at)
        return await settle(action, QuestionPayload.of, QuestionPayload)

    @strawberry.mutation(
        description="Publish or reject a question or an answer; needs reviews:moderate.", directives=[needs(MODERATE)]
    )
    async def question_moderate(
        self, info: Info, input: Annotated[QuestionModerateInput, strawberry.argument(description="The decision.")]
    ) -> QuestionPayload:
        """See `actions.moderate_question`."""
        info.context.caller.require(MODERATE)
        verdict = verdict_of(input.state, input.reason, input.note)
        action = actions.moderate_question(info.context.store, input.to_seen(), verdict, now=info.context.caller.at)
        return await settle(action, QuestionPayload.of, QuestionPayload)


async def _ask(info: Info, input: QuestionAskInput, customer_id: str) -> QuestionRow:
    product = await info.context.loaders.product_by_id.of(PARTS).load(input.product_id)
    now = info.context.caller.at
    return await actions.ask_question(info.context.store, product, customer_id, input.to_words(), now=now)
