"""GraphQL inputs of behaviour, each read once into the model.

What was done stands in one of a row's many fields. That it is one is checked row by row: GraphQL's `@oneOf` would
refuse a thousand events for one that is wrong.
"""

from datetime import datetime
from typing import Final

import strawberry

from services.customer.behaviour import model
from services.customer.behaviour.types import CartChange, EntryMeans


@strawberry.input(description="A product or a variant was looked at; one of the two is needed.")
class ViewInput:
    """See `model.View`."""

    sku: str | None = strawberry.field(default=None, description="The variant.")
    product_id: strawberry.ID | None = strawberry.field(default=None, description="prd_…")

    def to_model(self) -> model.View:
        """For the model."""
        return model.View(self.sku, self.product_id)


@strawberry.input(description="Variants were laid side by side.")
class CompareInput:
    """See `model.Compare`."""

    skus: list[str] = strawberry.field(description="2 to 10.")

    def to_model(self) -> model.Compare:
        """For the model."""
        return model.Compare(tuple(self.skus))


@strawberry.input(description="Something was searched for.")
class SearchInput:
    """See `model.Search`."""

    keyword: str = strawberry.field(description="As it was typed, at most 200 characters.")
    results: int | None = strawberry.field(default=None, description="How many were found.")

    def to_model(self) -> model.Search:
        """For the model."""
        return model.Search(self.keyword, self.results)


@strawberry.input(description="A line of the cart grew or shrank.")
class CartInput:
    """See `model.Cart`."""

    sku: str = strawberry.field(description="The variant.")
    change: CartChange = strawberry.field(description="Which way.")
    quantity: int = strawberry.field(default=1, description="By how many pieces.")

    def to_model(self) -> model.Cart:
        """For the model."""
        return model.Cart(self.sku, self.change, self.quantity)


@strawberry.input(description="Something was bought; told by the channel before the order service tells it, or after.")
class PurchaseInput:
    """See `model.Purchase`."""

    order_id: strawberry.ID = strawberry.field(description="ord_…: one order is one event, whoever tells it.")

    def to_model(self) -> model.Purchase:
        """For the model."""
        return model.Purchase(self.order_id)


@strawberry.input(description="Somebody came into a shop.")
class StoreEntryInput:
    """See `model.StoreEntry`."""

    location_id: strawberry.ID = strawberry.field(description="loc_…")
    means: EntryMeans = strawberry.field(description="By what it was seen.")

    def to_model(self) -> model.StoreEntry:
        """For the model."""
        return model.StoreEntry(self.location_id, self.means)


@strawberry.input(description="A variant was tried on.")
class TryOnInput:
    """See `model.TryOn`."""

    sku: str = strawberry.field(description="The variant.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="loc_…; none: before a camera.")

    def to_model(self) -> model.TryOn:
        """For the model."""
        return model.TryOn(self.sku, self.location_id)


@strawberry.input(description="A review was written.")
class ReviewInput:
    """See `model.Review`."""

    product_id: strawberry.ID = strawberry.field(description="prd_…")
    rating: int = strawberry.field(description="Stars, 1 to 5.")
    review_id: strawberry.ID | None = strawberry.field(default=None, description="Its id in the catalog.")

    def to_model(self) -> model.Review:
        """For the model."""
        return model.Review(self.product_id, self.rating, self.review_id)


@strawberry.input(description="Something was asked, by any channel.")
class InquiryEventInput:
    """See `model.Inquiry`."""

    inquiry_id: strawberry.ID | None = strawberry.field(default=None, description="The thread, if there is one.")

    def to_model(self) -> model.Inquiry:
        """For the model."""
        return model.Inquiry(self.inquiry_id)


@strawberry.input(description="A message was opened.")
class MailOpenedInput:
    """See `model.MailOpened`."""

    message_id: str = strawberry.field(description="The message, as its sender calls it.")
    campaign: str | None = strawberry.field(default=None, description="What it was part of.")

    def to_model(self) -> model.MailOpened:
        """For the model."""
        return model.MailOpened(self.message_id, self.campaign)


@strawberry.input(description="A coupon was given to them.")
class CouponReceivedInput:
    """See `model.CouponReceived`."""

    coupon_id: str = strawberry.field(description="Which coupon.")

    def to_model(self) -> model.CouponReceived:
        """For the model."""
        return model.CouponReceived(self.coupon_id)


@strawberry.input(description="A coupon was used.")
class CouponUsedInput:
    """See `model.CouponUsed`."""

    coupon_id: str = strawberry.field(description="Which coupon.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="For what.")

    def to_model(self) -> model.CouponUsed:
        """For the model."""
        return model.CouponUsed(self.coupon_id, self.order_id)


@strawberry.input(description="An article, a video or a page was read or seen.")
class ContentReadInput:
    """See `model.ContentRead`."""

    content_id: str = strawberry.field(description="What it was.")
    percent: int = strawberry.field(description="To where, 0 to 100.")

    def to_model(self) -> model.ContentRead:
        """For the model."""
        return model.ContentRead(self.content_id, self.percent)


@strawberry.input(description="Something somebody did: exactly one of the fields from `view` on says what.")
class BehaviourEventInput:
    """See `model.EventDraft`."""

    source_id: str = strawberry.field(description="What the source calls this event: told again, it is the same one.")
    at: datetime = strawberry.field(description="When it happened; late is fine, in the future is not.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Who, if they were logged in.")
    device: str | None = strawberry.field(
        default=None, description="The device's or cookie's id; kept under a keyed digest only."
    )
    shared: bool = strawberry.field(
        default=False, description="The device is the shop's own: nothing done there is anybody's without a login."
    )
    channel: str | None = strawberry.field(default=None, description="Where; the caller's channel if left out.")
    location_id: strawberry.ID | None = strawberry.field(
        default=None, description="In which shop; the caller's if left out."
    )
    view: ViewInput | None = strawberry.field(default=None, description="A product was looked at.")
    compare: CompareInput | None = strawberry.field(default=None, description="Variants were compared.")
    search: SearchInput | None = strawberry.field(default=None, description="Something was searched for.")
    cart: CartInput | None = strawberry.field(default=None, description="The cart changed.")
    purchase: PurchaseInput | None = strawberry.field(default=None, description="Something was bought.")
    store_entry: StoreEntryInput | None = strawberry.field(default=None, description="Somebody came into a shop.")
    try_on: TryOnInput | None = strawberry.field(default=None, description="Something was tried on.")
    review: ReviewInput | None = strawberry.field(default=None, description="A review was written.")
    inquiry: InquiryEventInput | None = strawberry.field(default=None, description="Something was asked.")
    mail_opened: MailOpenedInput | None = strawberry.field(default=None, description="A message was opened.")
    coupon_received: CouponReceivedInput | None = strawberry.field(default=None, description="A coupon was given.")
    coupon_used: CouponUsedInput | None = strawberry.field(default=None, description="A coupon was used.")
    content_read: ContentReadInput | None = strawberry.field(default=None, description="Something was read or seen.")

    def to_draft(self) -> model.EventDraft:
        """For the model."""
        said = [what for name in WHAT if (what := getattr(self, name)) is not None]
        return model.EventDraft(
            self.source_id,
            self.at,
            tuple([what.to_model() for what in said]),
            self.customer_id,
            self.device,
            self.shared,
            self.channel,
            self.location_id,
        )


WHAT: Final = tuple(kind.value.lower() for kind in model.BehaviourKind)
"""The fields that say what was done."""


@strawberry.input(description="What was done, by hundreds.")
class EventsTrackInput:
    """See `actions.track`."""

    source: str = strawberry.field(description="Which system tells it: web, app, gate-3. Its ids are its own.")
    events: list[BehaviourEventInput] = strawberry.field(description=f"1 to {model.MAX_BATCH}, in any order.")


@strawberry.input(description="Somebody logged in at a device.")
class DeviceAttachInput:
    """See `actions.attach`."""

    customer_id: strawberry.ID = strawberry.field(description="Who.")
    device: str = strawberry.field(description="The device's or cookie's id, as events name it.")
