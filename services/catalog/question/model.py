"""A question with its answers. No I/O, no clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kit.errors import Refusal
from services.catalog.moderation.model import Moderation, Verdict, check_body, check_line

MAX_ANSWERS: Final = 50
"""Answers of one question: they live in its document, and nobody reads more."""


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody writes, and what they want to be called."""

    body: str
    nickname: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """An answer; the merchant's has no customer."""

    id: str
    words: Words
    customer_id: str | None
    verdict: Verdict
    at: datetime

    @property
    def is_published(self) -> bool:
        """Whether everybody may read it."""
        return self.verdict.state is Moderation.PUBLISHED


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is kept, answers in the order they came."""

    id: str
    product_id: str
    customer_id: str
    words: Words
    verdict: Verdict
    created_at: datetime
    updated_at: datetime
    version: int = 1
    answers: tuple[QuestionAnswer, ...] = ()

    @property
    def is_published(self) -> bool:
        """Whether everybody may read it."""
        return self.verdict.state is Moderation.PUBLISHED


def check_words(words: Words) -> list[Refusal]:
    """A text that says something, and a nickname that fits."""
    return check_body(words.body, ("input", "body")) + check_line(words.nickname, ("input", "nickname"))
