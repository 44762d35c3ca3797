"""What is compared, and what is found. No I/O, no clock."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

REVIEW_FROM: Final = 0.5
"""Pairs at least as probable are worth a look."""
_BLOCK_WORDS = re.compile(r"丁目|番地の?|番|号|の(?=\d)|[\s‐-―−ー-](?=\d)|(?<=\d)[‐-―−ー-]")
_RUNS = re.compile(r"-+")


@dataclass(frozen=True, slots=True)
class Person:
    """What of a profile is compared. Names are folded as `customer.folding` does, readings as `fold_kana`; `street` as
    `fold_address`, the postal code in digits; phones and e-mails normalised as identities are. What is not known is
    None or empty."""

    id: str
    family: str | None = None
    given: str | None = None
    family_kana: str | None = None
    given_kana: str | None = None
    birthday: date | None = None
    postal: str | None = None
    street: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """How one part of two profiles compares. `weight` in bits: log2 of how much likelier that is if they are one
    person than if they are two; below zero it speaks against."""

    part: str
    finding: str
    weight: float


@dataclass(frozen=True, slots=True)
class Link:
    """Two profiles that may be of one person; `left` < `right`."""

    left: str
    right: str
    probability: float
    evidence: tuple[Evidence, ...]


def fold_address(text: str) -> str:
    """2丁目3番4号, ２−３−４ and 2-3-4 alike; no spaces, lower case."""
    wide = unicodedata.normalize("NFKC", text).lower()
    return _RUNS.sub("-", _BLOCK_WORDS.sub("-", wide)).replace(" ", "").strip("-")
