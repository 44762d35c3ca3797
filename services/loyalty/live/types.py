"""GraphQL types of live wallets."""

import strawberry

from services.loyalty.live.actions import Changed
from services.loyalty.types import StatementEntry, Wallet


@strawberry.type(description="A wallet that changed.")
class WalletChange:
    """See `live.actions.Changed`."""

    wallet: Wallet = strawberry.field(description="The wallet as it is by now; later changes may be in it already.")
    entry: StatementEntry | None = strawberry.field(
        description="What changed it, with the balance it left; null: how the wallet stood when the subscription began."
    )
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")

    @classmethod
    def of(cls, row: Changed) -> "WalletChange":
        """From the action."""
        entry = None if row.entry is None else StatementEntry.of(row.entry)
        return cls(wallet=Wallet(row=row.wallet), entry=entry, cursor=row.cursor)
