"""How products lie in MongoDB: one document each, with its variants and what it has to tell."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from kit.events.outbox import outbox_entry
from kit.mongo import Document
from services.catalog.attribute.documents import attribute_documents, parse_attributes
from services.catalog.barcode.model import gtin_14
from services.catalog.bundle.model import Bundles, Component
from services.catalog.category.model import CategoryId
from services.catalog.media.model import Media, MediaKind, MediaRole
from services.catalog.model import ExternalRef, PriceEntry
from services.catalog.offer.documents import offer_document, parse_offer
from services.catalog.product.model import Option, Product, ProductDraft, ProductId, Variant
from services.catalog.related.model import Related, RelationKind

PRODUCT_CHANGED = "noren.catalog.product_changed.v1"
BUNDLE_CHANGED = "noren.catalog.bundle_changed.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A product as it is to be kept.

    `path` are all categories it is in or below; `bundles` are those this write changes, with no components where it
    ends one. `step` names the one call and row that writes it, so that the same call knows its own work again.
    """

    id: ProductId
    draft: ProductDraft
    path: Sequence[CategoryId]
    now: datetime
    version: int = 1
    bundles: Bundles = field(default_factory=dict)
    step: str | None = None


def product_document(write: Write) -> Document:
    """The whole document of a new product, with its outbox."""
    return {**content_of(write), "_id": write.id, "created_at": write.now, "outbox": outbox_of(write)}


def content_of(write: Write) -> Document:
    """What an edit replaces: everything but the id, the day it was made and the outbox."""
    draft = write.draft
    return {
        "slug": draft.slug,
        "names": dict(draft.names),
        "descriptions": dict(draft.descriptions),
        "brand": draft.brand,
        "category_ids": list(draft.category_ids),
        "category_path": list(write.path),
        "options": [{"name": option.name, "values": list(option.values)} for option in draft.options],
        "variants": [_variant_document(variant) for variant in draft.variants],
        "external_ids": [asdict(ref) for ref in draft.external_ids],
        "tags": list(draft.tags),
        "attributes": attribute_documents(draft.attributes),
        "media": [_media_document(one) for one in draft.media],
        "related": [{"kind": one.kind, "product_id": one.product_id} for one in draft.related],
        "offer": offer_document(draft.offer),
        "sort_name": next(iter(draft.names.values())).casefold(),
        "version": write.version,
        "updated_at": write.now,
        "step": write.step,
    }


def outbox_of(write: Write) -> list[Document]:
    """The product changed, and the bundles that did."""
    id, version, now = write.id, write.version, write.now
    changed = {"productId": id, "version": version, "prices": _prices_told(write.draft)}
    changed |= {"skus": [variant.sku for variant in write.draft.variants], "categoryIds": list(write.path)}
    bundles = [
        outbox_entry(
            f"{id}:v{version}:bundle:{sku}",
            BUNDLE_CHANGED,
            sku,
            now,
            {"sku": sku, "version": version, "components": [asdict(one) for one in components]},
        )
        for sku, components in write.bundles.items()
    ]
    return [outbox_entry(f"{id}:v{version}", PRODUCT_CHANGED, id, now, changed), *bundles]


def parse_product(document: Document) -> Product:
    """From a document, or from the parts of one that were read."""
    draft = ProductDraft(
        slug=document["slug"],
        names=document.get("names", {}),
        descriptions=document.get("descriptions", {}),
        brand=document.get("brand"),
        category_ids=tuple(document.get("category_ids", ())),
        options=tuple(Option(option["name"], tuple(option["values"])) for option in document.get("options", ())),
        variants=tuple(_variant(variant) for variant in document.get("variants", ())),
        external_ids=tuple(ExternalRef(**ref) for ref in document.get("external_ids", ())),
        tags=tuple(document.get("tags", ())),
        attributes=parse_attributes(document.get("attributes", ())),
        media=tuple(_media(one) for one in document.get("media", ())),
        related=tuple(Related(RelationKind(one["kind"]), one["product_id"]) for one in document.get("related", ())),
        offer=parse_offer(document.get("offer")),
    )
    path = document.get("category_path")
    return Product(
        id=document["_id"],
        draft=draft,
        version=document["version"],
        updated_at=document["updated_at"],
        created_at=document.get("created_at"),
        category_path=None if path is None else tuple(path),
    )


def _prices_told(draft: ProductDraft) -> list[Document]:
    """The variants' prices for the event: the price history is made of them."""
    return [
        {"sku": variant.sku, "currency": entry.currency, "grossMinor": entry.gross_minor, "channel": entry.channel}
        for variant in draft.variants
        for entry in variant.prices
    ]


def _variant_document(variant: Variant) -> Document:
    document: Document = {
        "id": variant.id,
        "sku": variant.sku,
        "options": dict(variant.options),
        "prices": [_price_document(entry) for entry in variant.prices],
    }
    if variant.barcodes:
        document["barcodes"] = list(variant.barcodes)
        document["gtins"] = [gtin_14(barcode) for barcode in variant.barcodes]
    if variant.names:
        document["names"] = dict(variant.names)
    if variant.attributes:
        document["attributes"] = attribute_documents(variant.attributes)
    if variant.components:
        document["components"] = [asdict(one) for one in variant.components]
    return document


def _price_document(entry: PriceEntry) -> Document:
    """By hand: an import writes a hundred thousand, and `asdict` takes seven times as long."""
    return {"currency": entry.currency, "gross_minor": entry.gross_minor, "channel": entry.channel}


def _variant(document: Document) -> Variant:
    """A page of a listing has hundreds, most of few parts: what is not there costs no call."""
    get = document.get
    prices, attributes, components = get("prices"), get("attributes"), get("components")
    return Variant(
        document["sku"],
        get("options", {}),
        tuple(get("barcodes", ())),
        get("names"),
        tuple([PriceEntry(**entry) for entry in prices]) if prices else (),
        parse_attributes(attributes) if attributes else (),
        tuple([Component(**one) for one in components]) if components else (),
        get("id"),
    )


def _media_document(media: Media) -> Document:
    return {**asdict(media), "skus": list(media.skus), "alt": dict(media.alt) if media.alt else None}


def _media(document: Document) -> Media:
    values = {**document, "skus": tuple(document["skus"])}
    return Media(**{**values, "kind": MediaKind(document["kind"]), "role": MediaRole(document["role"])})
