"""Media of a product, and every reason why one cannot be kept. No I/O: nothing is fetched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from kit.errors import Path, Refusal
from services.catalog.model import Translations, check_locales, invalid

MAX_MEDIA = 100
"""Of one product: a dozen views of as many colours."""
MAX_URL = 2_048
"""Characters: what every browser and content network takes."""
MAX_ALT = 500
"""Characters: a sentence or two read aloud."""
MAX_PIXELS = 30_000
"""Of one side: beyond any screen, short of a mistake in the unit."""
MAX_BYTES = 2 * 1024**3
"""Of one file: a long video."""
MAX_DURATION_MS = 4 * 3_600_000


class MediaKind(StrEnum):
    """What it is; a MODEL_3D can be turned around and tried on with a camera."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    MODEL_3D = "MODEL_3D"


class MediaRole(StrEnum):
    """What it is for."""

    MAIN = "MAIN"
    GALLERY = "GALLERY"
    DETAIL = "DETAIL"
    SWATCH = "SWATCH"
    SIZE_CHART = "SIZE_CHART"
    IN_USE = "IN_USE"
    TRY_ON = "TRY_ON"


MIME_TYPES: Final[Mapping[MediaKind, Mapping[str, tuple[str, ...]]]] = {
    MediaKind.IMAGE: {
        "image/jpeg": (".jpg", ".jpeg"),
        "image/png": (".png",),
        "image/webp": (".webp",),
        "image/avif": (".avif",),
        "image/gif": (".gif",),
    },
    MediaKind.VIDEO: {"video/mp4": (".mp4", ".m4v"), "video/webm": (".webm",)},
    MediaKind.MODEL_3D: {"model/gltf-binary": (".glb",), "model/vnd.usdz+zip": (".usdz",)},
}
"""What browsers and phones show by themselves, with the endings of its files. No SVG: it can carry scripts."""
KNOWN_ENDINGS: Final = {end: mime for types in MIME_TYPES.values() for mime, ends in types.items() for end in ends}


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Where it is and what it is for. `skus`: the variants it shows; none, the whole product.

    `width` and `height` in pixels, of images and videos; `size_bytes` of the file; `duration_ms` of a video.
    """

    url: str
    kind: MediaKind
    mime_type: str
    role: MediaRole = MediaRole.GALLERY
    alt: Translations | None = None
    skus: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None
    duration_ms: int | None = None


def check_media(media: Sequence[Media], skus: Collection[str], at: Path) -> list[Refusal]:
    """Every reason why these media of a product with these `skus` cannot be kept; `at` is the list's path."""
    if len(media) > MAX_MEDIA:
        return [invalid(at, f"at most {MAX_MEDIA}", len(media))]
    problems: list[Refusal] = []
    shown: set[tuple[str, MediaRole]] = set()
    mains: set[tuple[str, ...]] = set()
    for index, one in enumerate(media):
        here = (*at, str(index))
        problems += [*_check_url(one, here), *_check_kind(one, here), *_check_alt(one.alt or {}, here)]
        problems += [
            invalid((*here, "skus", str(place)), "a SKU of this product", sku)
            for place, sku in enumerate(one.skus)
            if sku not in skus
        ]
        if (one.url, one.role) in shown:
            problems.append(invalid((*here, "url"), "one entry a URL and role", one.url[:100]))
        shown.add((one.url, one.role))
        if one.role is MediaRole.MAIN and one.skus in mains:
            problems.append(invalid((*here, "role"), "one MAIN for the product, and one for a set of variants", "two"))
        mains |= {one.skus} if one.role is MediaRole.MAIN else set()
    return problems


def _check_url(one: Media, at: Path) -> list[Refusal]:
    here = (*at, "url")
    if not 1 <= len(one.url) <= MAX_URL or not one.url.isprintable() or " " in one.url:
        return [invalid(here, f"a URL of 1 to {MAX_URL} characters without blanks", one.url[:100])]
    try:
        parts = urlsplit(one.url)
        plain = parts.scheme == "https" and parts.hostname and parts.username is None and parts.port in (None, 443)
    except ValueError:
        plain = False
        parts = urlsplit("")
    if not plain:
        return [invalid(here, "https://, a host, no password and no port of its own", one.url[:100])]
    mime = next((mime for end, mime in KNOWN_ENDINGS.items() if parts.path.lower().endswith(end)), one.mime_type)
    if mime != one.mime_type:
        return [invalid((*at, "mimeType"), f"{mime}, which the URL's ending says", one.mime_type)]
    return []


def _check_kind(one: Media, at: Path) -> list[Refusal]:
    problems: list[Refusal] = []
    if one.mime_type not in MIME_TYPES[one.kind]:
        expected = f"{one.kind} is one of {', '.join(MIME_TYPES[one.kind])}"
        problems.append(invalid((*at, "mimeType"), expected, one.mime_type[:100]))
    if one.role is MediaRole.TRY_ON and one.kind is not MediaKind.MODEL_3D:
        problems.append(invalid((*at, "role"), "TRY_ON only of a MODEL_3D", one.kind))
    if one.role in (MediaRole.SWATCH, MediaRole.SIZE_CHART) and one.kind is not MediaKind.IMAGE:
        problems.append(invalid((*at, "role"), f"{one.role} only of an IMAGE", one.kind))
    if (one.width is None) != (one.height is None) or (one.width is not None and one.kind is MediaKind.MODEL_3D):
        problems.append(
            invalid((*at, "width"), "both sides or none, and none of a MODEL_3D", f"{one.width}x{one.height}")
        )
    if one.duration_ms is not None and one.kind is not MediaKind.VIDEO:
        problems.append(invalid((*at, "durationMs"), "none but of a VIDEO", one.duration_ms))
    limits = {"width": MAX_PIXELS, "height": MAX_PIXELS, "size_bytes": MAX_BYTES, "duration_ms": MAX_DURATION_MS}
    names = {"size_bytes": "sizeBytes", "duration_ms": "durationMs"}
    for name, most in limits.items():
        value = getattr(one, name)
        if value is not None and not 1 <= value <= most:
            problems.append(invalid((*at, names.get(name, name)), f"1 to {most}", value))
    return problems


def _check_alt(alt: Translations, at: Path) -> list[Refusal]:
    return check_locales(alt, (*at, "alt")) + [
        invalid((*at, "alt", locale), f"1 to {MAX_ALT} characters", len(text))
        for locale, text in alt.items()
        if not 1 <= len(text) <= MAX_ALT
    ]
