"""A thread, its messages and its history, and what about them is refused. No I/O, no clock.

A customer's message makes a thread OPEN, also one that was RESOLVED; an answer of staff makes it WAITING for the
customer. RESOLVED and CLOSED are set by staff; CLOSED is the end. A note is staff's own: it changes no state, and the
customer never sees it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from kit.errors import InvalidInput, Path, Refusal

MAX_BODY: Final = 4_000
"""Characters of a message: two pages."""
MAX_SUBJECT: Final = 200
MAX_MESSAGES: Final = 300
"""Messages of a thread, which is one document: five megabytes at the most. What goes on longer is another thread."""
MAX_ACTS: Final = 1_000
"""Entries of a thread's history: its messages, and three times as many changes."""
MAX_NAME: Final = 64
"""Characters of a member of staff: what fits an index entry and a log line."""


class InquiryChannel(StrEnum):
    """By what somebody asked or was answered."""

    PHONE = "PHONE"
    LINE = "LINE"
    CHAT = "CHAT"
    MAIL = "MAIL"
    COUNTER = "COUNTER"


class InquiryState(StrEnum):
    """Whose turn it is."""

    OPEN = "OPEN"
    WAITING = "WAITING"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Author(StrEnum):
    """Who speaks in a message. NOTE: staff to staff."""

    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    NOTE = "NOTE"

    @property
    def leads_to(self) -> InquiryState | None:
        """The state a message of theirs leaves; None: the one there was."""
        return {Author.CUSTOMER: InquiryState.OPEN, Author.STAFF: InquiryState.WAITING}.get(self)


class Act(StrEnum):
    """What was done to a thread."""

    OPENED = "OPENED"
    MESSAGE = "MESSAGE"
    ASSIGNED = "ASSIGNED"
    STATE = "STATE"
    CUSTOMER = "CUSTOMER"


@dataclass(frozen=True, slots=True)
class Done:
    """An entry of the history: who did what. `value` is what it became: an assignee, a state, a customer, an author."""

    act: Act
    actor: str
    at: datetime
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said. `number` counts from 1."""

    number: int
    author: Author
    channel: InquiryChannel
    actor: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be added, nothing checked."""

    author: Author
    channel: InquiryChannel
    body: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A thread without its messages."""

    id: str
    customer_id: str | None
    channel: InquiryChannel
    subject: str
    state: InquiryState
    assignee: str | None
    messages: int
    version: int
    opened_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread's messages and history, each the oldest first."""

    messages: tuple[Message, ...]
    history: tuple[Done, ...]

    @property
    def for_customer(self) -> tuple[Message, ...]:
        """Without staff's notes."""
        return tuple(message for message in self.messages if message.author is not Author.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryClosed(Refusal):
    """The thread is at its end; what is new is a new thread."""

    id: str
    code: ClassVar[str] = "INQUIRY_CLOSED"

    @property
    def message(self) -> str:
        """Which one."""
        return f"inquiry {self.id!r} is closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryFull(Refusal):
    """The thread has as many messages, or as long a history, as there may be."""

    id: str
    limit: int
    code: ClassVar[str] = "INQUIRY_FULL"

    @property
    def message(self) -> str:
        """The limit."""
        return f"inquiry {self.id!r} has {self.limit} of them; open a new one"


def check_text(text: str, limit: int, path: Path) -> list[Refusal]:
    """Something must be said, and not more than fits."""
    if len(text.strip()) > 0 and len(text) <= limit:
        return []
    return [InvalidInput(path=path, expected=f"1 to {limit} characters", got=f"{len(text)} characters")]


def check_name(name: str | None, path: Path) -> list[Refusal]:
    """A member of staff, or nobody."""
    if name is None or (0 < len(name) <= MAX_NAME and name.isprintable()):
        return []
    return [InvalidInput(path=path, expected=f"1 to {MAX_NAME} printable characters", got=f"{len(name)} characters")]
