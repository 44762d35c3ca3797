"""GraphQL types of freezing."""

import strawberry

from services.loyalty.types import PostedPayload


@strawberry.type(description="The wallet frozen or let go, or why not.")
class WalletFreezePayload(PostedPayload):
    """Of walletFreeze and walletUnfreeze."""
