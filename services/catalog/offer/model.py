"""Whether a product is offered to somebody: state, publication on a channel, assortment. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kit.errors import Path, Refusal
from services.catalog.model import ChannelKind, check_slug, invalid

MAX_PUBLICATIONS = 100
"""Channels and windows of one product."""
MAX_LOCATIONS = 1_000
"""Shops of one product's list: a chain's, and few enough to be read with every product."""
MAX_LOCATION_ID = 64


class ProductStatus(StrEnum):
    """DRAFT is being written, ACTIVE may be published, ARCHIVED is over: shoppers see ACTIVE ones only."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class Assortment(StrEnum):
    """Which kinds of channels sell it."""

    EVERYWHERE = "EVERYWHERE"
    ONLINE_ONLY = "ONLINE_ONLY"
    STORE_ONLY = "STORE_ONLY"


@dataclass(frozen=True, slots=True)
class Publication:
    """On this channel, from an instant (inclusive) until another (exclusive); None is without bound."""

    channel: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """`publications` None is every channel at any time; an empty list is none.

    In stores it is sold where `locations` says, or, if that is None, in all of them. Online channels do not ask.
    """

    status: ProductStatus = ProductStatus.ACTIVE
    publications: tuple[Publication, ...] | None = None
    assortment: Assortment = Assortment.EVERYWHERE
    locations: tuple[str, ...] | None = None


EVERYWHERE = Offer()
"""What a product has that says nothing of it."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, from where, when. `kind` is the channel's; None, a channel catalog does not know."""

    channel: str
    kind: ChannelKind | None
    location: str | None
    at: datetime
    sees_all: bool = False


def is_offered(offer: Offer, viewer: Viewer) -> bool:
    """Whether the viewer may see the product; staff sees all."""
    if viewer.sees_all or offer == EVERYWHERE:
        return True
    return (
        offer.status is ProductStatus.ACTIVE
        and _is_published(offer.publications, viewer)
        and _is_sold(offer, viewer.kind, viewer.location)
    )


def check_offer(offer: Offer, at: Path) -> list[Refusal]:
    """Every reason why the offer cannot be kept; whether the channels exist is not known here."""
    problems: list[Refusal] = []
    publications = offer.publications or ()
    if len(publications) > MAX_PUBLICATIONS:
        problems.append(invalid((*at, "publications"), f"at most {MAX_PUBLICATIONS}", len(publications)))
    for index, one in enumerate(publications):
        here = (*at, "publications", str(index))
        problems += check_slug(one.channel, (*here, "channel"))
        if one.starts_at is not None and one.ends_at is not None and one.starts_at >= one.ends_at:
            problems.append(
                invalid((*here, "until"), f"later than {one.starts_at.isoformat()}", one.ends_at.isoformat())
            )
    problems += _check_locations(offer.locations or (), (*at, "locationIds"))
    if offer.assortment is Assortment.ONLINE_ONLY and offer.locations is not None:
        problems.append(invalid((*at, "locationIds"), "none for what is sold online only", len(offer.locations)))
    return problems


def _is_published(publications: Sequence[Publication] | None, viewer: Viewer) -> bool:
    if publications is None:
        return True
    return any(
        one.channel == viewer.channel
        and (one.starts_at is None or one.starts_at <= viewer.at)
        and (one.ends_at is None or viewer.at < one.ends_at)
        for one in publications
    )


def _is_sold(offer: Offer, kind: ChannelKind | None, location: str | None) -> bool:
    if offer.assortment is Assortment.ONLINE_ONLY:
        return kind is ChannelKind.ONLINE
    if offer.assortment is Assortment.STORE_ONLY and kind is not ChannelKind.STORE:
        return False
    return kind is not ChannelKind.STORE or offer.locations is None or location in offer.locations


def _check_locations(ids: Sequence[str], at: Path) -> list[Refusal]:
    if len(ids) > MAX_LOCATIONS or len(set(ids)) != len(ids):
        return [invalid(at, f"at most {MAX_LOCATIONS}, all different", len(ids))]
    return [
        invalid((*at, str(index)), f"an id of 1 to {MAX_LOCATION_ID} characters", id[:MAX_LOCATION_ID])
        for index, id in enumerate(ids)
        if not 1 <= len(id) <= MAX_LOCATION_ID
    ]
