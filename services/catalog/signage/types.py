"""Signage as the graph shows it."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from kit.graphql.execution import batch_field
from services.catalog.context import Info
from services.catalog.model import translated
from services.catalog.product.types import Product
from services.catalog.promotion.model import Promotion
from services.catalog.signage import model
from services.catalog.types import Locale


@strawberry.enum(description="What a slide is about.")
class SlideKind(Enum):
    """See `model.SlideKind`."""

    PROMOTION = strawberry.enum_value("promotion", description="A promotion that everybody gets here now.")
    NEW = strawberry.enum_value("new", description="What was created last.")
    POPULAR = strawberry.enum_value("popular", description="What sells.")
    TOP_RATED = strawberry.enum_value("top_rated", description="What is rated best.")


@strawberry.type(description="What is announced of a promotion.")
class SignagePromotion:
    """See `promotion.model.Promotion`."""

    row: strawberry.Private[Promotion]

    @strawberry.field(description="The promotion's id.")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @batch_field(description="In the locale asked for.")
    @staticmethod
    async def name(promotions: "Sequence[SignagePromotion]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.draft.names, locale, chain) or one.row.id for one in promotions]

    @strawberry.field(description="When it ends; null if it has no end.")
    def valid_until(self) -> datetime | None:
        """UTC."""
        return self.row.draft.conditions.valid_until


@strawberry.type(description="One picture of a screen: up to 6 products that can be taken away here.")
class SignageSlide:
    """See `model.Slide`."""

    row: strawberry.Private[model.Slide]

    @strawberry.field(description="What it is about.")
    def kind(self) -> SlideKind:
        """The kind."""
        return SlideKind(self.row.kind.value)

    @strawberry.field(description="Of kind PROMOTION: which.")
    def promotion(self) -> SignagePromotion | None:
        """Announced."""
        return None if self.row.promotion is None else SignagePromotion(row=self.row.promotion)

    @strawberry.field(description="In stock at the location; none is on two slides.")
    def products(self) -> list[Product]:
        """In order."""
        return [Product(row=product) for product in self.row.products]


@strawberry.type(description="What a screen shows: the same version, the same screen.")
class SignageFeed:
    """See `model.Feed`."""

    row: strawberry.Private[model.Feed]

    @strawberry.field(description="The shop.")
    def location_id(self) -> strawberry.ID:
        """loc_…"""
        return strawberry.ID(self.row.location_id)

    @strawberry.field(description="The screen, as it was asked for.")
    def screen(self) -> str:
        """Its name."""
        return self.row.screen

    @strawberry.field(description="Changes when a slide, a product on it or a price does: an entity tag.")
    def version(self) -> str:
        """A hash."""
        return self.row.version

    @strawberry.field(description="Until when it may be shown without asking again; 5 minutes at most.")
    def valid_until(self) -> datetime:
        """UTC."""
        return self.row.valid_until

    @strawberry.field(description="In the order they are shown; none if nothing is in stock here.")
    def slides(self) -> list[SignageSlide]:
        """The slides."""
        return [SignageSlide(row=slide) for slide in self.row.slides]
