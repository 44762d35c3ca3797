"""Coupons in the graph; every resolver is a line or three."""

from datetime import datetime
from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.catalog.context import WRITE, Info
from services.catalog.coupon import actions, model
from services.catalog.coupon.types import CouponBatch, CouponBatchCreatePayload


@strawberry.input(description="Codes to make: one chosen, one for a customer, or up to a million nobody can guess.")
class CouponBatchCreateInput:
    """See `model.Terms`."""

    promotion_id: strawberry.ID = strawberry.field(description="A promotion that needs a coupon.")
    idempotency_key: str = strawberry.field(description="The same key again gives the same batch.")
    count: int = strawberry.field(default=1, description="1 to 1,000,000.")
    code: str | None = strawberry.field(
        default=None, description="A chosen code, such as WELCOME10, of a batch of one."
    )
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Only this customer's.")
    channels: list[str] = strawberry.field(default_factory=list, description="Only on these, such as pos.")
    locations: list[str] = strawberry.field(default_factory=list, description="Only in these shops.")
    source: str | None = strawberry.field(default=None, description="Where they are given out: beacon, mail.")
    valid_from: datetime | None = strawberry.field(default=None, description="From this instant on.")
    valid_until: datetime | None = strawberry.field(default=None, description="Before this instant.")
    max_uses: int = strawberry.field(default=1, description="How often each code may be used.")

    def to_terms(self) -> model.Terms:
        """For the model."""
        return model.Terms(
            promotion_id=self.promotion_id,
            count=self.count,
            code=self.code,
            customer=self.customer_id,
            channels=frozenset(self.channels),
            locations=frozenset(self.locations),
            source=self.source,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            max_uses=self.max_uses,
        )


@strawberry.type
class CouponQuery:
    """What staff may read of coupons."""

    @strawberry.field(description="One batch of coupons; needs the scope catalog:write.", directives=[needs(WRITE)])
    async def coupon_batch(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="cbt_…")]
    ) -> CouponBatch | None:
        """Null if there is none."""
        info.context.caller.require(WRITE)
        row = (await info.context.store.coupon.batches([id])).get(id)
        return None if row is None else CouponBatch(row=row)


@strawberry.type
class CouponMutation:
    """What may be changed of coupons."""

    @strawberry.mutation(description="Make coupons; up to 2,000 at once, more by and by.", directives=[needs(WRITE)])
    async def coupon_batch_create(
        self, info: Info, input: Annotated[CouponBatchCreateInput, strawberry.argument(description="The codes.")]
    ) -> CouponBatchCreatePayload:
        """See `actions.create_batch`."""
        info.context.caller.require(WRITE)
        store, now = info.context.store, info.context.caller.at
        action = actions.create_batch(store, input.to_terms(), input.idempotency_key, now=now)
        return await settle(action, CouponBatchCreatePayload.of, CouponBatchCreatePayload)
