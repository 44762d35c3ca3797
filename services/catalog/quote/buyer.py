"""Who buys, and for whom a caller may quote.

Itself, here and now; anybody else, anywhere and ever with the scope `quotes:write`.
"""

from dataclasses import dataclass
from datetime import datetime

from kit.context import RequestContext
from kit.errors import BadUserInput
from services.catalog.model import Channel
from services.catalog.store import CatalogStore

QUOTE_OTHERS = "quotes:write"
"""The scope of staff who quote for a customer, another channel or another time."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, where and when."""

    channel: Channel
    currency: str
    at: datetime
    location: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks to be quoted as; None: as it is."""

    channel: str | None = None
    location: str | None = None
    customer: str | None = None
    at: datetime | None = None
    currency: str | None = None

    def is_else(self, caller: RequestContext) -> bool:
        """Whether it is somebody, somewhere or sometime else than the caller."""
        pairs = (
            (self.channel, caller.channel),
            (self.location, caller.location),
            (self.customer, caller.customer),
            (self.at, caller.at),
        )
        return any(wished is not None and wished != actual for wished, actual in pairs)


async def buyer_of(store: CatalogStore, caller: RequestContext, wish: Wish) -> Buyer:
    """The buyer, or Forbidden; BadUserInput if there is no such channel."""
    if wish.is_else(caller):
        caller.require(QUOTE_OTHERS)
    id = wish.channel or caller.channel
    channel: Channel | None = (await store.channel.by_id([id])).get(id)
    if channel is None:
        raise BadUserInput(f"channel: {id!r} does not exist")
    return Buyer(
        channel=channel,
        currency=wish.currency or channel.currency,
        at=wish.at or caller.at,
        location=wish.location or caller.location,
        customer=wish.customer or caller.customer,
    )
