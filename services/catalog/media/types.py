"""Media as the graph shows and reads them."""

from collections.abc import Sequence

import strawberry

from kit.graphql.execution import batch_field
from services.catalog.context import Info
from services.catalog.inputs import TranslationInput, translations
from services.catalog.media import model
from services.catalog.model import translated
from services.catalog.types import Locale, Translation

strawberry.enum(model.MediaKind, description="What it is. A MODEL_3D (glb, usdz) can be turned around and tried on.")
strawberry.enum(
    model.MediaRole,
    description="What it is for: MAIN is shown first, SWATCH stands for a colour, TRY_ON is a model for a camera.",
)


@strawberry.type(description="A picture, video or 3D model of a product.")
class Media:
    """See `model.Media`."""

    row: strawberry.Private[model.Media]

    @strawberry.field(description="Where it is, https.")
    def url(self) -> str:
        """Of the file itself."""
        return self.row.url

    @strawberry.field(description="What it is.")
    def kind(self) -> model.MediaKind:
        """Image, video, 3D model."""
        return self.row.kind

    @strawberry.field(description="Such as image/webp, model/gltf-binary, model/vnd.usdz+zip.")
    def mime_type(self) -> str:
        """One of those the kind has."""
        return self.row.mime_type

    @strawberry.field(description="What it is for.")
    def role(self) -> model.MediaRole:
        """Main, gallery, …"""
        return self.row.role

    @batch_field(description="What it shows, for those who do not see it; in the locale asked for.")
    @staticmethod
    async def alt(media: "Sequence[Media]", info: Info, locale: Locale = None) -> list[str | None]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.alt or {}, locale, chain) for one in media]

    @strawberry.field(description="What it shows, in every language there is.")
    def alts(self) -> list[Translation]:
        """By locale."""
        return Translation.all(self.row.alt or {})

    @strawberry.field(description="The variants it shows; none: the whole product.")
    def skus(self) -> list[strawberry.ID]:
        """Of this product."""
        return [strawberry.ID(sku) for sku in self.row.skus]

    @strawberry.field(description="Pixels.")
    def width(self) -> int | None:
        """Of images and videos."""
        return self.row.width

    @strawberry.field(description="Pixels.")
    def height(self) -> int | None:
        """Of images and videos."""
        return self.row.height

    @strawberry.field(description="Of the file, in bytes.")
    def size_bytes(self) -> int | None:
        """If it is known."""
        return self.row.size_bytes

    @strawberry.field(description="Of a video, in milliseconds.")
    def duration_ms(self) -> int | None:
        """If it is known."""
        return self.row.duration_ms


@strawberry.input(description="A picture, video or 3D model of a product.")
class MediaInput:
    """See `model.Media`."""

    url: str = strawberry.field(description="https, at most 2,048 characters.")
    kind: model.MediaKind = strawberry.field(description="What it is.")
    mime_type: str = strawberry.field(description="One of those the kind has, and what the URL's ending says.")
    role: model.MediaRole = strawberry.field(default=model.MediaRole.GALLERY, description="What it is for.")
    alt: list[TranslationInput] = strawberry.field(
        default_factory=list, description="What it shows, for those who do not see it."
    )
    skus: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The variants it shows; none: the whole product."
    )
    width: int | None = strawberry.field(default=None, description="Pixels; with `height`.")
    height: int | None = strawberry.field(default=None, description="Pixels; with `width`.")
    size_bytes: int | None = strawberry.field(default=None, description="Of the file, in bytes.")
    duration_ms: int | None = strawberry.field(default=None, description="Of a video, in milliseconds.")

    def to_model(self) -> model.Media:
        """For the model."""
        return model.Media(
            url=self.url,
            kind=self.kind,
            mime_type=self.mime_type,
            role=self.role,
            alt=translations(self.alt) or None,
            skus=tuple(self.skus),
            width=self.width,
            height=self.height,
            size_bytes=self.size_bytes,
            duration_ms=self.duration_ms,
        )
