"""Loyalty's claim as catalog extends it: with the code of its coupon."""

from typing import Any

import strawberry

from services.catalog.context import Info
from services.catalog.coupon.model import shown
from services.catalog.coupon.types import EXPORT
from services.catalog.reward.model import code_of


@strawberry.federation.type(
    keys=["id customerId promotionId"], description="A reward a member has for points; catalog adds the code."
)
class RewardClaim:
    """Loyalty's entity by a key of all that catalog has to know of it, so that catalog composes without loyalty."""

    id: strawberry.ID = strawberry.field(description="rcl_…")
    customer_id: strawberry.ID = strawberry.field(description="Whose it is; loyalty's.")
    promotion_id: strawberry.ID | None = strawberry.field(description="The promotion its coupon opens; loyalty's.")

    @strawberry.field(
        description="The code for a quote, on every channel; null without a coupon. It can be used a moment after the "
        "claim, once. Its customer's, or with the scope coupons:read.",
    )
    def coupon_code(self, info: Info) -> str | None:
        """Drawn again: it is kept nowhere."""
        caller = info.context.caller
        if self.promotion_id is None or not caller.may_see(self.customer_id, EXPORT):
            return None
        return shown(code_of(self.id, info.context.store.keys.coupon_drawing))

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[RewardClaim]":
        """Every claim is taken as it is named: to know them is loyalty's."""
        return [
            cls(id=one["id"], customer_id=one["customerId"], promotion_id=one["promotionId"]) for one in representations
        ]
