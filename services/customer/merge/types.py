"""Merges and candidates as the graph shows them."""

from datetime import datetime
from typing import Self

import strawberry

from kit.errors import Forbidden
from kit.graphql.errors import Payload, UserError, presents
from services.customer.access.model import AccessKind
from services.customer.context import READ, Info
from services.customer.merge import model
from services.customer.merge.model import CandidateState as CandidateState
from services.customer.merge.model import EvidenceKind as EvidenceKind
from services.customer.merge.model import MergeState as MergeState
from services.customer.types import Customer, customer_of

strawberry.enum(CandidateState, name="MergeCandidateState", description="How a candidate for a merge stands.")
strawberry.enum(EvidenceKind, name="MergeEvidenceKind", description="What speaks for two profiles being one person's.")
strawberry.enum(MergeState, name="CustomerMergeState", description="DONE, or UNDONE by customerUnmerge.")


@presents(model.SameCustomer)
@strawberry.type(description="Both ids are one customer's already.")
class SameCustomer(UserError):
    """See `model.SameCustomer`."""

    customer_id: strawberry.ID = strawberry.field(description="Which one.")


@presents(model.CustomerIsAnonymous)
@strawberry.type(description="Only a device is known of them; they are joined by a login there.")
class CustomerIsAnonymous(UserError):
    """See `model.CustomerIsAnonymous`."""

    customer_id: strawberry.ID = strawberry.field(description="Which one.")


@presents(model.MergeBuried)
@strawberry.type(description="A later merge has to be undone first.")
class MergeBuried(UserError):
    """See `model.MergeBuried`."""

    later_merge_id: strawberry.ID = strawberry.field(description="That merge.")


@presents(model.CandidateDecided)
@strawberry.type(description="Somebody has decided on the candidate before.")
class CandidateDecided(UserError):
    """See `model.CandidateDecided`."""

    state: CandidateState = strawberry.field(description="How.")


@strawberry.type(description="That one customer was merged into another.")
class CustomerMerge:
    """See `model.Merge`."""

    row: strawberry.Private[model.Merge]

    @strawberry.field(description="mrg_…")
    def id(self) -> strawberry.ID:
        """Give it to customerUnmerge."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Whom the merged profile became a part of.")
    def kept_id(self) -> strawberry.ID:
        """A customer's id."""
        return strawberry.ID(self.row.kept)

    @strawberry.field(description="The profile that was merged; its id finds the kept customer while this is DONE.")
    def merged_id(self) -> strawberry.ID:
        """A customer's id."""
        return strawberry.ID(self.row.merged)

    @strawberry.field(description="Whether it stands.")
    def state(self) -> MergeState:
        """DONE or UNDONE."""
        return self.row.state

    @strawberry.field(description="Whether an observation proved it, or somebody decided it.")
    def automatic(self) -> bool:
        """By customerIdentify if true."""
        return self.row.automatic

    @strawberry.field(description="Who merged: staff:…, customer:…, channel:…, identify.")
    def actor(self) -> str:
        """As journals name them."""
        return self.row.actor

    @strawberry.field(description="When.")
    def at(self) -> datetime:
        """UTC."""
        return self.row.at

    @strawberry.field(description="What was noted with it.")
    def note(self) -> str | None:
        """At most 500 characters."""
        return self.row.note

    @strawberry.field(description="When it was undone.")
    def undone_at(self) -> datetime | None:
        """Null while it stands."""
        return self.row.undone_at

    @strawberry.field(description="The kept customer as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Null if they are gone."""
        return await _customer(info, self.row.kept)


@strawberry.type(description="One fact that speaks for a merge; the value it is about is not shown.")
class MergeEvidence:
    """See `model.Evidence`."""

    kind: EvidenceKind = strawberry.field(description="What kind of fact.")
    weight: float = strawberry.field(description="How likely it alone makes it, 0 to 1.")

    @classmethod
    def of(cls, fact: model.Evidence) -> Self:
        """From the model."""
        return cls(kind=fact.kind, weight=fact.weight)


@strawberry.type(description="Two customers who may be one person.")
class MergeCandidate:
    """See `model.Candidate`."""

    row: strawberry.Private[model.Candidate]

    @strawberry.field(description="The two ids in order, with a colon between.")
    def id(self) -> strawberry.ID:
        """Give it to mergeCandidateAccept or mergeCandidateReject."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="How likely they are one person, 0 to 1: 1 - Π(1 - weight).")
    def score(self) -> float:
        """The queue's order."""
        return self.row.score

    @strawberry.field(description="How it stands.")
    def state(self) -> CandidateState:
        """OPEN until somebody decides."""
        return self.row.state

    @strawberry.field(description="What speaks for it, the strongest first.")
    def evidence(self) -> list[MergeEvidence]:
        """At most 20."""
        return [MergeEvidence.of(fact) for fact in self.row.evidence]

    @strawberry.field(description="Since when it is known.")
    def since(self) -> datetime:
        """UTC."""
        return self.row.since

    @strawberry.field(description="Who decided.")
    def decided_by(self) -> str | None:
        """As journals name them."""
        return self.row.decided_by

    @strawberry.field(description="The merge it became.")
    def merge_id(self) -> strawberry.ID | None:
        """Null unless accepted."""
        return None if self.row.merge_id is None else strawberry.ID(self.row.merge_id)

    @strawberry.field(description="The two customers, as they are now; one, if they have become one.")
    async def customers(self, info: Info) -> list[Customer]:
        """By the ids of the pair."""
        found = [await _customer(info, id) for id in self.row.pair]
        return list({one.row.id: one for one in found if one is not None}.values())


async def _customer(info: Info, id: str) -> Customer | None:
    if not info.context.caller.may_see(id, READ):
        raise Forbidden(f"this needs the scope {READ!r}")
    await info.context.saw(AccessKind.REVIEW, [id])
    return customer_of(await info.context.loaders.customer.load(id))


@strawberry.type(description="The merge, or why not.")
class CustomerMergePayload(Payload):
    """Of customerMerge."""

    merge: CustomerMerge | None = strawberry.field(default=None, description="The merge; the first one on a replay.")

    @classmethod
    def of(cls, row: model.Merge) -> "CustomerMergePayload":
        """From the model."""
        return cls(merge=CustomerMerge(row=row))


@strawberry.type(description="The merge that was undone, or why not.")
class CustomerUnmergePayload(Payload):
    """Of customerUnmerge."""

    merge: CustomerMerge | None = strawberry.field(default=None, description="The merge as it stands now.")

    @classmethod
    def of(cls, row: model.Merge) -> "CustomerUnmergePayload":
        """From the model."""
        return cls(merge=CustomerMerge(row=row))


@strawberry.type(description="The candidate as it stands now, or why not.")
class MergeCandidatePayload(Payload):
    """Of mergeCandidateAccept and mergeCandidateReject."""

    candidate: MergeCandidate | None = strawberry.field(default=None, description="The candidate as it stands now.")

    @classmethod
    def of(cls, row: model.Candidate) -> "MergeCandidatePayload":
        """From the model."""
        return cls(candidate=MergeCandidate(row=row))


ERRORS = [SameCustomer, CustomerIsAnonymous, MergeBuried, CandidateDecided]
