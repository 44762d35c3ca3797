"""The states of what people write about products, and what all of it is checked for. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, Final
from urllib.parse import urlsplit

from kit.errors import InvalidInput, Path, Refusal

MODERATE: Final = "reviews:moderate"
"""The scope of staff who read, publish, reject and answer what people write."""
MAX_BODY: Final = 5_000
MAX_LINE: Final = 200
"""Characters of a title, a nickname, a note of staff."""
MAX_MEDIA: Final = 10
MAX_URL: Final = 500


class Moderation(Enum):
    """Only what is published is shown to others; an edit makes it pending again."""

    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"


class Reason(Enum):
    """Why something is rejected."""

    SPAM = "spam"
    OFFENSIVE = "offensive"
    OFF_TOPIC = "off_topic"
    PERSONAL_DATA = "personal_data"
    FAKE = "fake"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What staff decided; `reason` of a rejection, `note` for the colleagues."""

    state: Moderation
    reason: Reason | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the merchant says to it, shown below."""

    body: str
    staff: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyWritten(Refusal):
    """This customer has reviewed this product; the review can be edited."""

    review_id: str
    code: ClassVar[str] = "ALREADY_WRITTEN"

    @property
    def message(self) -> str:
        """Which one."""
        return f"the customer's review of this product is {self.review_id}; edit it"


def check_verdict(verdict: Verdict) -> list[Refusal]:
    """A rejection has a reason, a publication none, and nothing becomes unread."""
    at = ("input", "reason")
    problems = check_line(verdict.note, ("input", "note"))
    if verdict.state is Moderation.PENDING:
        problems.append(InvalidInput(path=("input", "state"), expected="PUBLISHED or REJECTED", got="PENDING"))
    if (verdict.state is Moderation.REJECTED) != (verdict.reason is not None):
        problems.append(
            InvalidInput(path=at, expected="a reason for a rejection, and only then", got=str(verdict.reason))
        )
    return problems


def check_body(body: str, at: Path, *, least: int = 1) -> list[Refusal]:
    """A text that says something and fits."""
    if least <= len(body.strip()) <= MAX_BODY and len(body) <= MAX_BODY:
        return []
    return [InvalidInput(path=at, expected=f"{least} to {MAX_BODY} characters", got=str(len(body)))]


def check_line(line: str | None, at: Path) -> list[Refusal]:
    """A short text, or none."""
    if line is None or 1 <= len(line.strip()) <= len(line) <= MAX_LINE:
        return []
    return [InvalidInput(path=at, expected=f"1 to {MAX_LINE} characters", got=str(len(line)))]


def check_media(urls: Sequence[str], at: Path) -> list[Refusal]:
    """Pictures and films lie elsewhere; https, so that a page that shows them stays safe."""
    if len(urls) > MAX_MEDIA:
        return [InvalidInput(path=at, expected=f"at most {MAX_MEDIA}", got=str(len(urls)))]
    return [
        InvalidInput(
            path=(*at, str(i)), expected=f"an https address of at most {MAX_URL} characters", got=url[:MAX_URL]
        )
        for i, url in enumerate(urls)
        if len(url) > MAX_URL or not _is_https(url)
    ]


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.isprintable() and " " not in url
