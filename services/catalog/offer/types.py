"""Offers as the graph shows and reads them."""

from datetime import datetime

import strawberry

from services.catalog.offer import model

strawberry.enum(
    model.ProductStatus,
    description="DRAFT is being written, ACTIVE may be published, ARCHIVED is over: shoppers see ACTIVE ones only.",
)
strawberry.enum(model.Assortment, description="Which kinds of channels sell it.")


@strawberry.type(description="On this channel, from an instant until another.")
class Publication:
    """See `model.Publication`."""

    channel: str = strawberry.field(description="Such as web.")
    starts_at: datetime | None = strawberry.field(name="from", description="Inclusive; null: since ever.")
    ends_at: datetime | None = strawberry.field(name="until", description="Exclusive; null: for ever.")


@strawberry.type(description="Who is offered a product.")
class Offer:
    """See `model.Offer`."""

    status: model.ProductStatus = strawberry.field(description="Only what is ACTIVE is offered at all.")
    publications: list[Publication] | None = strawberry.field(
        description="Where and when; null: on every channel at any time."
    )
    assortment: model.Assortment = strawberry.field(description="Which kinds of channels sell it.")
    location_ids: list[strawberry.ID] | None = strawberry.field(
        description="In which stores; null: in all. Online channels do not ask."
    )

    @classmethod
    def of(cls, offer: model.Offer) -> "Offer":
        """From the model."""
        published = None if offer.publications is None else [_shown(one) for one in offer.publications]
        locations = None if offer.locations is None else [strawberry.ID(id) for id in offer.locations]
        return cls(status=offer.status, publications=published, assortment=offer.assortment, location_ids=locations)


@strawberry.input(description="On this channel, from an instant until another.")
class PublicationInput:
    """See `model.Publication`."""

    channel: str = strawberry.field(description="Such as web.")
    starts_at: datetime | None = strawberry.field(default=None, name="from", description="Inclusive.")
    ends_at: datetime | None = strawberry.field(default=None, name="until", description="Exclusive.")


@strawberry.input(description="Who is offered a product; what is left out is everybody.")
class OfferInput:
    """See `model.Offer`."""

    status: model.ProductStatus = strawberry.field(
        default=model.ProductStatus.ACTIVE, description="Only what is ACTIVE is offered at all."
    )
    publications: list[PublicationInput] | None = strawberry.field(
        default=None, description="Where and when; null: on every channel at any time; none: nowhere."
    )
    assortment: model.Assortment = strawberry.field(
        default=model.Assortment.EVERYWHERE, description="Which kinds of channels sell it."
    )
    location_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="In which stores; null: in all. Online channels do not ask."
    )

    def to_model(self) -> model.Offer:
        """For the model."""
        published = None
        if self.publications is not None:
            published = tuple(model.Publication(one.channel, one.starts_at, one.ends_at) for one in self.publications)
        locations = None if self.location_ids is None else tuple(self.location_ids)
        return model.Offer(self.status, published, self.assortment, locations)


def _shown(one: model.Publication) -> Publication:
    return Publication(channel=one.channel, starts_at=one.starts_at, ends_at=one.ends_at)
