"""How an offer lies in a product's document."""

from kit.mongo import Document
from services.catalog.offer.model import (
    EVERYWHERE,
    Assortment,
    Offer,
    ProductStatus,
    Publication,
)


def offer_document(offer: Offer) -> Document | None:
    """The `offer` of a product; None for one that is offered to all, which is how most are."""
    if offer == EVERYWHERE:
        return None
    published = None if offer.publications is None else [_publication(one) for one in offer.publications]
    return {
        "status": offer.status,
        "publications": published,
        "assortment": offer.assortment,
        "locations": None if offer.locations is None else list(offer.locations),
    }


def parse_offer(document: Document | None) -> Offer:
    """From that document."""
    if document is None:
        return EVERYWHERE
    published, locations = document["publications"], document["locations"]
    return Offer(
        status=ProductStatus(document["status"]),
        publications=None if published is None else tuple(_parse(one) for one in published),
        assortment=Assortment(document["assortment"]),
        locations=None if locations is None else tuple(locations),
    )


def _publication(one: Publication) -> Document:
    return {"channel": one.channel, "from": one.starts_at, "until": one.ends_at}


def _parse(document: Document) -> Publication:
    return Publication(document["channel"], document["from"], document["until"])
