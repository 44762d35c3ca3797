"""The graph's part about merges; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.context import READ, WRITE, Info
from services.customer.merge import actions
from services.customer.merge.inputs import CustomerMergeInput, CustomerUnmergeInput, MergeCandidateInput
from services.customer.merge.store import MergeStore
from services.customer.merge.types import (
    CandidateState,
    CustomerMerge,
    CustomerMergePayload,
    CustomerUnmergePayload,
    MergeCandidate,
    MergeCandidatePayload,
)


@strawberry.type
class MergeQuery:
    """What may be read of merges."""

    @strawberry.field(
        description="Customers who may be one person, the likeliest first. Needs customers:read.",
        directives=[needs(READ)],
    )
    async def merge_candidates(
        self,
        info: Info,
        state: Annotated[CandidateState, strawberry.argument(description="Those in this state.")] = CandidateState.OPEN,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[MergeCandidate]:
        """A page of the review queue."""
        info.context.caller.require(READ)
        page = await MergeStore(info.context.store).candidates(state, PageArgs.parse(first, after))
        return Connection.of(page, lambda row: MergeCandidate(row=row))

    @strawberry.field(
        description="The merges a customer took part in, the oldest first. Needs customers:read.",
        directives=[needs(READ)],
    )
    async def customer_merges(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="cus_…")]
    ) -> list[CustomerMerge]:
        """Those that were undone as well."""
        info.context.caller.require(READ)
        return [CustomerMerge(row=row) for row in await MergeStore(info.context.store).of_customer([id])]


@strawberry.type
class MergeMutation:
    """What may be done about merges; all of it needs the scope customers:write."""

    @strawberry.mutation(
        description="Merge one customer into another; both histories stay, and it can be undone.",
        directives=[needs(WRITE)],
    )
    async def customer_merge(
        self, info: Info, input: Annotated[CustomerMergeInput, strawberry.argument(description="Who into whom.")]
    ) -> CustomerMergePayload:
        """See `actions.merge`."""
        caller = info.context.caller
        caller.require(WRITE)
        done = actions.merge(
            info.context.store,
            input.kept_id,
            input.merged_id,
            input.idempotency_key,
            note=input.note,
            actor=info.context.actor,
            now=caller.at,
        )
        return await settle(done, CustomerMergePayload.of, CustomerMergePayload)

    @strawberry.mutation(
        description="Part what a merge joined, exactly as it was; nothing merges the two by itself again.",
        directives=[needs(WRITE)],
    )
    async def customer_unmerge(
        self, info: Info, input: Annotated[CustomerUnmergeInput, strawberry.argument(description="Which merge.")]
    ) -> CustomerUnmergePayload:
        """See `actions.unmerge`."""
        caller = info.context.caller
        caller.require(WRITE)
        done = actions.unmerge(info.context.store, input.merge_id, actor=info.context.actor, now=caller.at)
        return await settle(done, CustomerUnmergePayload.of, CustomerUnmergePayload)

    @strawberry.mutation(
        description="Say that a candidate's two customers are one: they are merged.", directives=[needs(WRITE)]
    )
    async def merge_candidate_accept(
        self, info: Info, input: Annotated[MergeCandidateInput, strawberry.argument(description="Which candidate.")]
    ) -> MergeCandidatePayload:
        """See `actions.accept`."""
        caller = info.context.caller
        caller.require(WRITE)
        done = actions.accept(info.context.store, input.id, actor=info.context.actor, now=caller.at)
        return await settle(done, MergeCandidatePayload.of, MergeCandidatePayload)

    @strawberry.mutation(
        description="Say that a candidate's two customers are two; nothing merges them by itself again.",
        directives=[needs(WRITE)],
    )
    async def merge_candidate_reject(
        self, info: Info, input: Annotated[MergeCandidateInput, strawberry.argument(description="Which candidate.")]
    ) -> MergeCandidatePayload:
        """See `actions.reject`."""
        caller = info.context.caller
        caller.require(WRITE)
        done = actions.reject(info.context.store, input.id, actor=info.context.actor, now=caller.at)
        return await settle(done, MergeCandidatePayload.of, MergeCandidatePayload)
