"""What the tests of fulfilments share: reservations that become fulfilments, and walks through their life."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kit.ids import new_id
from kit.times import utc_now
from services.inventory.actions import reserve
from services.inventory.fulfillment import actions
from services.inventory.fulfillment.life import Picked
from services.inventory.fulfillment.model import Fulfillment, FulfillmentDraft
from services.inventory.model import LocationId, Sku
from services.inventory.reservation.model import Line, Reservation, ReservationDraft
from tests.services.inventory.paper.world import CLERK, step
from tests.services.inventory.world import STAFF, Shop


@dataclass(slots=True)
class Desk:
    """A shop whose orders are fulfilled."""

    shop: Shop
    made: int = field(default=0)

    async def reserve(self, *lines: tuple[str, int, LocationId]) -> Reservation:
        held = tuple(Line(Sku(sku), location, pieces) for sku, pieces, location in lines)
        return await reserve(self.shop.store, ReservationDraft(new_id("key"), held), actor=STAFF, now=utc_now())

    def draft(self, reservation: Reservation, **change: Any) -> FulfillmentDraft:
        """Picked up in Ginza, unless something else is said."""
        if not {"place_id", "address"} & change.keys():
            change["place_id"] = self.shop.ginza
        return FulfillmentDraft(reservation_id=reservation.id, order_id=new_id("ord"), **change)

    async def pickup(self, sku: str, pieces: int = 2, **change: Any) -> Fulfillment:
        """Allocated, to be picked up in Ginza."""
        held = await self.reserve((sku, pieces, self.shop.ginza))
        (made,) = await actions.create(self.shop.store, self.draft(held, **change), step("", "create"))
        return made

    async def from_osaka(self, sku: str, pieces: int = 2, **change: Any) -> Fulfillment:
        """Allocated in Osaka, to be picked up in Ginza or sent home."""
        held = await self.reserve((sku, pieces, self.shop.osaka))
        (made,) = await actions.create(self.shop.store, self.draft(held, **change), step("", "create"))
        return made

    async def picked(self, made: Fulfillment) -> Fulfillment:
        """All of it in the box."""
        await actions.start_picking(self.shop.store, step(made.id, "start"))
        picks = [Picked(line.sku, line.quantity, place=place) for place, line in enumerate(made.lines)]
        return await actions.record_picked(self.shop.store, picks, step(made.id, "pick"))

    async def ready(self, made: Fulfillment, at: datetime | None = None) -> Fulfillment:
        """Behind the counter."""
        await self.picked(made)
        return await actions.make_ready(self.shop.store, step(made.id, "ready", at=at))

    def code(self, fulfillment: Fulfillment) -> str:
        """As the shopper sees it."""
        assert fulfillment.code is not None
        shown = self.shop.store.pickup_codes.reveal(fulfillment.id, fulfillment.code)
        assert shown is not None
        return shown

    async def collect(self, fulfillment: Fulfillment, code: str | None = None, **more: Any) -> Fulfillment:
        """With its code."""
        given = self.code(fulfillment) if code is None else code
        command = step(fulfillment.id, "collect", given, by=more.pop("by", CLERK), **more)
        return await actions.collect(self.shop.store, given, command)

    async def now(self, id: str) -> Fulfillment:
        """As it is kept."""
        there = await self.shop.store.fulfillments.by_id(id)
        assert there is not None
        return there
