"""GraphQL inputs of merging, each read once into the model."""

import strawberry

from services.loyalty.merge.model import MergeRequest
from services.loyalty.model import CustomerId
from services.loyalty.posting.model import MAX_TEXT


@strawberry.input(description="Two wallets that are to be one.")
class WalletMergeInput:
    """See `model.MergeRequest`."""

    from_customer_id: strawberry.ID = strawberry.field(description="Whose wallet becomes a part of the other.")
    into_customer_id: strawberry.ID = strawberry.field(description="Whose wallet has the points of both.")
    reason: str = strawberry.field(description=f"For both statements, 1 to {MAX_TEXT} characters.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_request(self, actor: str) -> MergeRequest:
        """For the model."""
        source, into = CustomerId(self.from_customer_id), CustomerId(self.into_customer_id)
        return MergeRequest(source, into, self.reason, self.idempotency_key, self.note, actor)


@strawberry.input(description="A merge to be undone. Its id is the idempotency key: it is undone once.")
class WalletUnmergeInput:
    """Which one."""

    merge_id: strawberry.ID = strawberry.field(description="mrg_…")
