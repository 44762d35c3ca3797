"""What a client takes, by its `Accept`: media types of a whole answer, and forms of one in parts."""

from dataclasses import dataclass
from functools import lru_cache

from gateway.incremental import Form, form_of

MEDIA_TYPES_REMEMBERED = 256
"""Clients send a handful of different Accept headers; strangers may send any."""

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

_MEDIA_RANGES = {
    "*/*": JSON,
    "application/*": JSON,
    JSON: JSON,
    GRAPHQL_JSON: GRAPHQL_JSON,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the client takes: the media type of a whole answer, empty if none, and the form of one in parts."""

    media_type: str
    form: Form | None


@lru_cache(maxsize=MEDIA_TYPES_REMEMBERED)
def negotiate(accept: str) -> Accepted | None:
    """Choose what the client likes best of our two media types, and of the forms of an answer in parts; None if none.

    `*/*` and its like mean `application/json`, and no parts.
    """
    best, best_quality = "", 0.0
    form, form_quality = None, 0.0
    for part in accept.split(","):
        media_range, *parameters = [piece.strip().lower() for piece in part.split(";")]
        quality = _quality(parameters)
        offered = _MEDIA_RANGES.get(media_range)
        if offered is not None and quality > best_quality:
            best, best_quality = offered, quality
        in_parts = form_of(media_range, dict(parameter.partition("=")[::2] for parameter in parameters))
        if in_parts is not None and quality > form_quality:
            form, form_quality = in_parts, quality
    return Accepted(best, form) if best or form else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
        if name.strip() == "charset" and value.strip('" ') not in ("utf-8", "utf8"):
            return 0.0
    return 1.0
