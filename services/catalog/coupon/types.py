"""Coupons as the graph shows them."""

from datetime import datetime

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import Payload
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page
from services.catalog.context import Info
from services.catalog.coupon import model
from services.catalog.coupon.model import code_at, shown

EXPORT = "coupons:read"
"""The scope of whoever may read codes: a code is money."""


@strawberry.type(description="Codes made together: who may use them, where, when and how often.")
class CouponBatch:
    """See `model.Batch`."""

    row: strawberry.Private[model.Batch]

    @strawberry.field(description="cbt_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="The promotion its codes open.")
    def promotion_id(self) -> strawberry.ID:
        """prm_…"""
        return strawberry.ID(self.row.terms.promotion_id)

    @strawberry.field(description="How many codes it has when it is complete.")
    def count(self) -> int:
        """At most a million."""
        return self.row.terms.count

    @strawberry.field(description="How many can be used already.")
    def made(self) -> int:
        """Rises to `count`."""
        return self.row.made

    @strawberry.field(description="The customer its codes are for; null: anybody's.")
    def customer_id(self) -> strawberry.ID | None:
        """cus_…"""
        return None if self.row.terms.customer is None else strawberry.ID(self.row.terms.customer)

    @strawberry.field(description="Where the codes are given out: beacon, mail, receipt.")
    def source(self) -> str | None:
        """As it was said."""
        return self.row.terms.source

    @strawberry.field(description="How often each code may be used.")
    def max_uses(self) -> int:
        """1 or more."""
        return self.row.terms.max_uses

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        """UTC."""
        return self.row.created_at

    @strawberry.field(
        description="The codes, for print or mail; needs the scope coupons:read.", directives=[needs(EXPORT)]
    )
    def codes(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[str]:
        """Drawn again for every page: they are kept nowhere."""
        info.context.caller.require(EXPORT)
        key, page = info.context.store.keys.coupon_drawing, PageArgs.parse(first, after)
        part = slice_page(range(self.row.made), lambda index: (index,), page)
        return Connection.of(part, lambda index: shown(code_at(key, self.row, index)))


@strawberry.type(description="The batch as it is now, or why not.")
class CouponBatchCreatePayload(Payload):
    """Of couponBatchCreate."""

    batch: CouponBatch | None = strawberry.field(default=None, description="The batch; large ones fill afterwards.")

    @classmethod
    def of(cls, row: model.Batch) -> "CouponBatchCreatePayload":
        """From the model."""
        return cls(batch=CouponBatch(row=row))
