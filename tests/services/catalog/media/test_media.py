"""Media: what may be kept, and how it is shown."""

from dataclasses import replace
from typing import Any

import pytest

from services.catalog.media.model import MAX_MEDIA, MAX_PIXELS, Media, MediaKind, MediaRole, check_media
from services.catalog.product.actions import upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft, variant

IMAGE = Media(url="https://img.example/a.jpg", kind=MediaKind.IMAGE, mime_type="image/jpeg")
MODEL = Media(
    url="https://img.example/shoe.glb?v=2",
    kind=MediaKind.MODEL_3D,
    mime_type="model/gltf-binary",
    role=MediaRole.TRY_ON,
)


def paths(*media: Media) -> list[str]:
    return [".".join(one.path) for one in check_media(media, {"A"}, ())]


@pytest.mark.parametrize(
    "good",
    [
        IMAGE,
        MODEL,
        replace(IMAGE, url="https://img.example/no-ending", width=1, height=MAX_PIXELS, skus=("A",)),
        replace(MODEL, url="https://img.example/shoe.usdz", mime_type="model/vnd.usdz+zip"),
        Media(url="https://v.example/a.mp4", kind=MediaKind.VIDEO, mime_type="video/mp4", duration_ms=1_000),
    ],
)
def test_what_browsers_and_phones_show_is_kept(good: Media) -> None:
    assert paths(good) == []


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (replace(IMAGE, url="http://img.example/a.jpg"), "0.url"),
        (replace(IMAGE, url="https://user:secret@img.example/a.jpg"), "0.url"),
        (replace(IMAGE, url="https:///a.jpg"), "0.url"),
        (replace(IMAGE, url="javascript:alert(1)"), "0.url"),
        (replace(IMAGE, url="https://img.example:99999/a.jpg"), "0.url"),
        (replace(IMAGE, url="https://[broken/a.jpg"), "0.url"),
        (replace(IMAGE, url="https://img.example/" + "a" * 2_048), "0.url"),
        (replace(IMAGE, url="https://img.example/a b.jpg"), "0.url"),
        (replace(IMAGE, mime_type="image/png"), "0.mimeType"),
        (replace(IMAGE, url="https://img.example/a", mime_type="image/svg+xml"), "0.mimeType"),
        (replace(IMAGE, url="https://img.example/a", mime_type="model/gltf-binary"), "0.mimeType"),
        (replace(IMAGE, role=MediaRole.TRY_ON), "0.role"),
        (replace(MODEL, role=MediaRole.SWATCH), "0.role"),
        (replace(IMAGE, width=5), "0.width"),
        (replace(MODEL, width=5, height=5), "0.width"),
        (replace(IMAGE, width=MAX_PIXELS + 1, height=1), "0.width"),
        (replace(IMAGE, duration_ms=5), "0.durationMs"),
        (replace(IMAGE, size_bytes=0), "0.sizeBytes"),
        (replace(IMAGE, skus=("B",)), "0.skus.0"),
        (replace(IMAGE, alt={"en": ""}), "0.alt.en"),
    ],
)
def test_what_cannot_be_shown_safely_is_refused_at_its_place(wrong: Media, path: str) -> None:
    assert paths(wrong) == [path]


def test_one_main_picture_and_every_url_once_a_role() -> None:
    main = replace(IMAGE, role=MediaRole.MAIN)
    other = replace(main, url="https://img.example/b.jpg")

    assert paths(IMAGE, IMAGE) == ["1.url"]
    assert paths(main, other) == ["1.role"]
    assert paths(main, replace(other, skus=("A",))) == []
    assert paths(*[IMAGE] * (MAX_MEDIA + 1)) == [""]


async def test_media_are_shown_in_order_of_the_variant_before_the_products(store: CatalogStore, ask: Ask) -> None:
    alt = {"en": "A shoe", "ja": "靴"}
    media = (replace(IMAGE, alt=alt), MODEL, replace(IMAGE, url="https://img.example/red.jpg", skus=("SHOE",)))
    await upsert_product(store, draft("shoe", media=media, variants=(variant("SHOE"),)), None, now=NOW)

    shown: Any = (
        await ask("""{ product(slug: "shoe") {
      media { url kind role alt(locale: "ja") } models: media(kind: MODEL_3D) { mimeType role }
      variants { nodes { media { url } } } } }""")
    )["data"]["product"]

    assert [one["alt"] for one in shown["media"]] == ["靴", None, None]
    assert shown["models"] == [{"mimeType": "model/gltf-binary", "role": "TRY_ON"}]
    assert [one["url"] for one in shown["variants"]["nodes"][0]["media"]] == [
        "https://img.example/red.jpg",
        "https://img.example/a.jpg",
        "https://img.example/shoe.glb?v=2",
    ]
