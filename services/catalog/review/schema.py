"""Reviews in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.context import Info
from services.catalog.moderation import model as moderation
from services.catalog.moderation.model import MODERATE
from services.catalog.moderation.types import Moderation, may_read, verdict_of, writer
from services.catalog.review import actions
from services.catalog.review.inputs import (
    ReviewAnswerInput,
    ReviewEditInput,
    ReviewModerateInput,
    ReviewSubmitInput,
    ReviewVoteInput,
)
from services.catalog.review.model import Author
from services.catalog.review.model import Review as ReviewRow
from services.catalog.review.types import Review, ReviewPayload


@strawberry.type
class ReviewQuery:
    """What may be read of reviews."""

    @strawberry.field(description="One review; one that is not published for its author and staff only.")
    async def review(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="rev_…")]
    ) -> Review | None:
        """Null if there is none."""
        row = (await info.context.store.review.by_id([id])).get(id)
        seen = row is not None and (row.is_published or may_read(info, row.author.customer_id))
        return Review(row=row) if row is not None and seen else None

    @strawberry.field(
        description="What staff has to read, the longest waiting first; needs reviews:moderate.",
        directives=[needs(MODERATE)],
    )
    async def review_queue(
        self,
        info: Info,
        state: Annotated[Moderation, strawberry.argument(description="Of this state.")] = Moderation.PENDING,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[Review]:
        """A page."""
        info.context.caller.require(MODERATE)
        wanted, args = moderation.Moderation(state.value), PageArgs.parse(first, after)
        page = await info.context.store.review.queue(wanted, args)
        return Connection.of(page, lambda row: Review(row=row))

    @strawberry.field(description="All the caller has written, newest first.")
    async def my_reviews(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Review]:
        """A page."""
        customer = info.context.caller.customer
        if customer is None:
            raise BadUserInput("myReviews: the caller is no customer")
        page = await info.context.store.review.of_customer(customer, PageArgs.parse(first, after))
        return Connection.of(page, lambda row: Review(row=row))


@strawberry.type
class ReviewMutation:
    """What may be done with reviews."""

    @strawberry.mutation(description="Write a review; one a customer and product. It is shown when staff has read it.")
    async def review_submit(
        self, info: Info, input: Annotated[ReviewSubmitInput, strawberry.argument(description="The review.")]
    ) -> ReviewPayload:
        """See `actions.submit_review`."""
        author = Author(writer(info, input.customer_id), info.context.caller.channel, info.context.caller.location)
        return await settle(_submit(info, input, author), ReviewPayload.of, ReviewPayload)

    @strawberry.mutation(description="Write one's own review anew; it is shown when staff has read it again.")
    async def review_edit(
        self, info: Info, input: Annotated[ReviewEditInput, strawberry.argument(description="The review.")]
    ) -> ReviewPayload:
        """See `actions.edit_review`."""
        store, customer, now = info.context.store, writer(info, None), info.context.caller.at
        action = actions.edit_review(store, input.to_seen(), customer, input.review.to_draft(), now=now)
        return await settle(action, ReviewPayload.of, ReviewPayload)

    @strawberry.mutation(
        description="Publish or reject a review; needs reviews:moderate.", directives=[needs(MODERATE)]
    )
    async def review_moderate(
        self, info: Info, input: Annotated[ReviewModerateInput, strawberry.argument(description="The decision.")]
    ) -> ReviewPayload:
        """See `actions.moderate_review`."""
        info.context.caller.require(MODERATE)
        verdict = verdict_of(input.state, input.reason, input.note)
        action = actions.moderate_review(info.context.store, input.to_seen(), verdict, now=info.context.caller.at)
        return await settle(action, ReviewPayload.of, ReviewPayload)

    @strawberry.mutation(
        description="Answer a review as the merchant; needs reviews:moderate.", directives=[needs(MODERATE)]
    )
    async def review_answer(
        self, info: Info, input: Annotated[ReviewAnswerInput, strawberry.argument(description="The answer.")]
    ) -> ReviewPayload:
        """See `actions.answer_review`."""
        caller = info.context.caller
        caller.require(MODERATE)
        action = actions.answer_review(info.context.store, input.to_seen(), input.body, caller.staff, now=caller.at)
        return await settle(action, ReviewPayload.of, ReviewPayload)

    @strawberry.mutation(description="Say that somebody's review helped, once a customer, or take that back.")
    async def review_vote(
        self, info: Info, input: Annotated[ReviewVoteInput, strawberry.argument(description="The vote.")]
    ) -> ReviewPayload:
        """See `actions.vote_review`."""
        action = actions.vote_review(info.context.store, input.id, writer(info, None), helpful=input.helpful)
        return await settle(action, ReviewPayload.of, ReviewPayload)


async def _submit(info: Info, input: ReviewSubmitInput, author: Author) -> ReviewRow:
    product = await info.context.loaders.product_by_id.of(actions.PARTS).load(input.product_id)
    draft, now = input.review.to_draft(), info.context.caller.at
    return await actions.submit_review(info.context.store, product, author, draft, now=now)
