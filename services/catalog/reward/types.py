"""Loyalty's claim as catalog extends it: with the code of its coupon."""

from typing import Any

import strawberry

from services.catalog.context import Info
from services.catalog.coupon.model import shown
from services.catalog.coupon.types import EXPORT
from services.catalog.reward.model import code_of


@strawberry.federation.type(keys=["id"], description="A reward a member has for points; catalog adds the code.")
class RewardClaim:
    """Loyalty's entity by its key, with what the gateway brings along."""

    id: strawberry.ID = strawberry.field(description="rcl_…")
    customer_id: strawberry.ID | None = strawberry.federation.field(
        external=True, description="Whose it is; loyalty's."
    )
    promotion_id: strawberry.ID | None = strawberry.federation.field(
        external=True, description="The promotion its coupon opens; loyalty's."
    )

    @strawberry.federation.field(
        requires=["customerId", "promotionId"],
        description="The code for a quote, on every channel; null without a coupon. It can be used a moment after the "
        "claim, once. Its customer's, or with the scope coupons:read.",
    )
    def coupon_code(self, info: Info) -> str | None:
        """Drawn again: it is kept nowhere."""
        caller = info.context.caller
        if self.promotion_id is None or not caller.may_see(self.customer_id or "", EXPORT):
            return None
        return shown(code_of(self.id, info.context.store.keys.coupon_drawing))

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[RewardClaim]":
        """Every claim is taken as it is named: to know them is loyalty's."""
        return [
            cls(id=one["id"], customer_id=one.get("customerId"), promotion_id=one.get("promotionId"))
            for one in representations
        ]
