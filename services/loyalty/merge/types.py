"""GraphQL types of merging."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.loyalty.context import Info
from services.loyalty.merge import model
from services.loyalty.model import wallet_id_of
from services.loyalty.types import Wallet, wallet_of

strawberry.enum(model.MergeState, description="Whether a merge of wallets still stands.")


@presents(model.MergedPointsHeld)
@strawberry.type(description="Points that would go back are set aside for a purchase that began after the merge.")
class MergedPointsHeld(UserError):
    """See `model.MergedPointsHeld`."""

    merge_id: strawberry.ID = strawberry.field(description="The merge.")
    hold_ids: list[strawberry.ID] = strawberry.field(description="The holds that must end first.")


@strawberry.type(description="What went from one wallet to the other.")
class MergedPoints:
    """Three numbers, none below zero."""

    points: int = strawberry.field(description="Points that can be spent.")
    held: int = strawberry.field(description="Points on hold.")
    debt: int = strawberry.field(description="Debt.")

    @classmethod
    def of(cls, sums: tuple[int, int, int]) -> "MergedPoints":
        """From the model."""
        points, held, debt = sums
        return cls(points=points, held=held, debt=debt)


@strawberry.type(description="Two wallets that became one, and whether they still are.")
class WalletMerge:
    """See `model.Merge`."""

    row: strawberry.Private[model.Merge]

    @strawberry.field(description="mrg_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Whether it still stands.")
    def state(self) -> model.MergeState:
        """MERGED until it is undone."""
        return self.row.state

    @strawberry.field(description="When the wallets became one.")
    def merged_at(self) -> datetime:
        """The instant of the request."""
        return self.row.merged_at

    @strawberry.field(description="When it was undone; null: it stands.")
    def unmerged_at(self) -> datetime | None:
        """The instant of the request."""
        return self.row.unmerged_at

    @strawberry.field(description="Why.")
    def reason(self) -> str:
        """As the statements say."""
        return self.row.reason

    @strawberry.field(description="What the merge moved.")
    def moved(self) -> MergedPoints:
        """At the merge."""
        return MergedPoints.of(self.row.moved)

    @strawberry.field(description="What went back: what was moved less what was spent of it; null: it stands.")
    def returned(self) -> MergedPoints | None:
        """At the undoing."""
        return None if self.row.returned is None else MergedPoints.of(self.row.returned)

    @strawberry.field(description="The wallet that was merged, as it is now. Its customer's, or points:read.")
    async def source(self, info: Info) -> Wallet | None:
        """Forbidden to others."""
        return await _wallet(info, self.row.source)

    @strawberry.field(description="The wallet that took it in, as it is now. Its customer's, or points:read.")
    async def into(self, info: Info) -> Wallet | None:
        """Forbidden to others."""
        return await _wallet(info, self.row.into)


@strawberry.type(description="The merge, or why not.")
class WalletMergePayload(Payload):
    """Of walletMerge and walletUnmerge."""

    merge: WalletMerge | None = strawberry.field(default=None, description="As it stands now.")

    @classmethod
    def of(cls, made: model.Merge) -> "WalletMergePayload":
        """From the action."""
        return cls(merge=WalletMerge(row=made))


async def _wallet(info: Info, customer_id: str) -> Wallet | None:
    id = wallet_id_of(customer_id)
    if (fault := info.context.wallet_fault(id)) is not None:
        raise fault
    return wallet_of(await info.context.loaders.wallet_by_id.load(id))
