"""Fulfilments in the graph, and what an order gets of them."""

from datetime import date, datetime
from typing import Any

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page
from services.inventory.context import Info
from services.inventory.fulfillment import model
from services.inventory.fulfillment.code import qr_picture, qr_text
from services.inventory.fulfillment.words import FulfillmentKind, FulfillmentState
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import HistoryEntry, history_of
from services.inventory.types import Variant

READ = "fulfillment:read"
CODE = "fulfillment:code"
"""See pickup codes of others: for the system that sends them to guests."""


@presents(model.WrongCode)
@strawberry.type(description="The pickup code is not this fulfilment's.")
class WrongCode(UserError):
    """See `fulfillment.model.WrongCode`."""

    attempts_left: int = strawberry.field(description="How often it may still be tried.")


@presents(model.CodeLocked)
@strawberry.type(description="Too many wrong codes: a new one has to be made.")
class CodeLocked(UserError):
    """See `fulfillment.model.CodeLocked`."""

    attempts: int = strawberry.field(description="How many there were.")


@presents(model.ReservationTaken)
@strawberry.type(description="The reservation is being fulfilled already.")
class ReservationTaken(UserError):
    """See `fulfillment.model.ReservationTaken`."""

    reservation_id: strawberry.ID = strawberry.field(description="Which.")
    fulfillment_id: strawberry.ID = strawberry.field(description="By what.")


@strawberry.type(description="Pieces of one variant in a fulfilment.")
class FulfillmentLine:
    """See `fulfillment.model.FulfillmentLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(description="Pieces that were sold.")
    picked: int = strawberry.field(description="Pieces in the box.")
    short: int = strawberry.field(description="Pieces that were not there.")
    returned: int = strawberry.field(description="Pieces that came back.")

    @classmethod
    def of(cls, line: model.FulfillmentLine) -> "FulfillmentLine":
        """From the model."""
        sku = strawberry.ID(line.sku)
        return cls(
            sku=sku,
            variant=Variant(sku=sku),
            quantity=line.quantity,
            picked=line.picked,
            short=line.short,
            returned=line.returned,
        )


@strawberry.type(description="What the shopper shows at the counter.")
class PickupCode:
    """See `fulfillment.code`."""

    code: str = strawberry.field(description="To read aloud or type: ABCD-EFGH-JKMN-PQRS.")
    qr_text: str = strawberry.field(description="What the QR code says.")
    qr_picture: str = strawberry.field(description="The QR code as a PNG data URI.")
    is_locked: bool = strawberry.field(description="Whether too many wrong ones were tried.")


@strawberry.type(description="Pieces that came back from one fulfilment, and what inspection made of them.")
class FulfillmentReturnLine:
    """See `fulfillment.model.GivenBackLine`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(description="Pieces that came back.")
    restocked: int = strawberry.field(description="Of these, sold again.")
    damaged: int = strawberry.field(description="Of these, damaged.")
    written_off: int = strawberry.field(description="Of these, thrown away.")
    waiting: int = strawberry.field(description="Of these, not looked at yet.")


@strawberry.type(description="One time that pieces of a fulfilment came back.")
class FulfillmentReturn:
    """See `fulfillment.model.GivenBack`."""

    location_id: strawberry.Private[str]
    id: strawberry.ID = strawberry.field(description="Unique in its fulfilment.")
    at: datetime = strawberry.field(description="When.")
    lines: list[FulfillmentReturnLine] = strawberry.field(description="One a SKU.")

    @strawberry.field(description="Where to.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, back: model.GivenBack) -> "FulfillmentReturn":
        """From the model."""
        lines = [
            FulfillmentReturnLine(
                sku=strawberry.ID(line.sku),
                quantity=line.quantity,
                restocked=line.restocked,
                damaged=line.damaged,
                written_off=line.written_off,
                waiting=line.waiting,
            )
            for line in back.lines
        ]
        return cls(location_id=back.location_id, id=strawberry.ID(back.id), at=back.at, lines=lines)


@strawberry.type(description="Pieces of one order at one location, on their way to whoever bought them.")
class Fulfillment:
    """See `fulfillment.model.Fulfillment`."""

    row: strawberry.Private[model.Fulfillment]
    id: strawberry.ID = strawberry.field(description="ful_…")
    order: "Order | None" = strawberry.field(description="Whose pieces these are; null for a hold without an order.")
    kind: FulfillmentKind = strawberry.field(description="How the pieces reach whoever bought them.")
    state: FulfillmentState = strawberry.field(description="Where it is in its life.")
    lines: list[FulfillmentLine] = strawberry.field(description="One a SKU.")
    customer_id: strawberry.ID | None = strawberry.field(description="Who bought them; null for a guest.")
    address: str | None = strawberry.field(description="Where they are sent; null if they are picked up.")
    carrier: str | None = strawberry.field(description="Who carries them.")
    tracking: str | None = strawberry.field(description="The carrier's number.")
    promised_at: datetime | None = strawberry.field(description="When they were promised.")
    pick_day: date | None = strawberry.field(
        description="The business day whose pick capacity at its source it takes; null where there is no limit."
    )
    collect_by: datetime | None = strawberry.field(description="Until when they wait at the counter.")
    picker: str | None = strawberry.field(description="Who fetches or fetched them.")
    parent_id: strawberry.ID | None = strawberry.field(description="The fulfilment whose missing pieces these are.")
    replacement_ids: list[strawberry.ID] = strawberry.field(description="Fulfilments that bring its missing pieces.")
    returns: list[FulfillmentReturn] = strawberry.field(description="What came back of it.")
    history: list[HistoryEntry] = strawberry.field(description="What happened, oldest first.")
    version: int = strawberry.field(description="Rises with every step.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(description="Where its pieces are taken from.")
    async def source(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.row.source_id)

    @strawberry.field(description="Where they are handed over; null if they are sent home.")
    async def pickup_location(self, info: Info) -> Location | None:
        """Loaded with all others."""
        return None if self.row.place_id is None else await location_of(info, self.row.place_id)

    @strawberry.field(description="Where the clerk stood who sold them; null if nobody did.")
    async def sold_at(self, info: Info) -> Location | None:
        """Loaded with all others."""
        return None if self.row.sold_at is None else await location_of(info, self.row.sold_at)

    @strawberry.field(
        description="What opens it at the counter while it is READY: for its own customer, and the scope "
        "fulfillment:code; null for everybody else."
    )
    def pickup_code(self, info: Info) -> PickupCode | None:
        """Made anew from the secret: it is kept nowhere."""
        context, row = info.context, self.row
        own = row.customer_id is not None and row.customer_id == context.caller.customer
        if row.code is None or row.state is not model.FulfillmentState.READY:
            return None
        if not own and CODE not in context.caller.scopes:
            return None
        shown = context.store.pickup_codes.reveal(row.id, row.code)
        if shown is None:
            return None
        text = qr_text(row.id, shown)
        locked = row.code.attempts >= model.MAX_CODE_ATTEMPTS
        return PickupCode(code=shown, qr_text=text, qr_picture=qr_picture(text), is_locked=locked)

    @classmethod
    def of(cls, row: model.Fulfillment) -> "Fulfillment":
        """From the model."""
        return cls(
            row=row,
            id=strawberry.ID(row.id),
            order=None if row.order_id is None else Order(id=strawberry.ID(row.order_id)),
            kind=row.kind,
            state=row.state,
            lines=[FulfillmentLine.of(line) for line in row.lines],
            customer_id=None if row.customer_id is None else strawberry.ID(row.customer_id),
            address=row.address,
            carrier=row.carrier,
            tracking=row.tracking,
            promised_at=row.promised_at,
            pick_day=None if row.picks is None else row.picks.day,
            collect_by=row.collect_by,
            picker=row.picker,
            parent_id=None if row.parent_id is None else strawberry.ID(row.parent_id),
            replacement_ids=[strawberry.ID(each.id) for each in row.replacements],
            returns=[FulfillmentReturn.of(each) for each in row.returns],
            history=history_of(row),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.federation.type(keys=["id"], description="What was sold; inventory knows how it reaches whoever bought it.")
class Order:
    """The order service's entity, by its key."""

    id: strawberry.ID = strawberry.field(description="ord_…")

    @strawberry.field(
        description="How its pieces reach whoever bought them, newest first: for its own customer, and the scope "
        "fulfillment:read; a caller bound to a location sees its own."
    )
    async def fulfillments(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[Fulfillment] | None:
        """Loaded for all orders of the request together."""
        page = PageArgs.parse(first, after)
        rows = await info.context.loaders.fulfillments.load(self.id)
        mine = [row for row in rows or () if may_see(info, row)]
        return Connection.of(slice_page(mine, lambda row: (row.id,), page), Fulfillment.of)

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Order]":
        """Without a query: whether the order exists is the order service's matter."""
        return [cls(id=strawberry.ID(each["id"])) for each in representations]


@strawberry.type(description="The fulfilment as it is now, or why not.")
class FulfillmentPayload(Payload):
    """Of every step of a fulfilment."""

    fulfillment: Fulfillment | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, row: model.Fulfillment) -> "FulfillmentPayload":
        """From the model."""
        return cls(fulfillment=Fulfillment.of(row))


@strawberry.type(description="The fulfilments of a reservation, or why not.")
class FulfillmentCreatePayload(Payload):
    """Of fulfillmentCreate."""

    fulfillments: list[Fulfillment] | None = strawberry.field(
        default=None, description="One for each location of the reservation."
    )

    @classmethod
    def of(cls, rows: list[model.Fulfillment]) -> "FulfillmentCreatePayload":
        """From the model."""
        return cls(fulfillments=[Fulfillment.of(row) for row in rows])


def may_see(info: Info, row: model.Fulfillment) -> bool:
    """Whether this caller sees it: its customer; with the scope, who is bound to no or to one of its locations."""
    caller = info.context.caller
    if caller.customer is not None and row.customer_id == caller.customer:
        return True
    return READ in caller.scopes and model.concerns(row, caller.location)


FULFILLMENT_ERRORS = [WrongCode, CodeLocked, ReservationTaken]
