"""Lists, their items and their link, and what about them is refused. No I/O, no clock.

A list is a profile's, or a device's as long as nobody has taken it over. Its items are distinct by SKU and design. A
link is a token of 256 bits that nobody can guess; only its digest is kept, and a new link puts the one before out of
force.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from kit.errors import InvalidInput, Path, Refusal

MAX_ITEMS: Final = 100
"""Items of a list, which is one document."""
MAX_LISTS: Final = 50
"""Lists of one profile or device."""
MAX_QUANTITY: Final = 999
MAX_NAME: Final = 80
MAX_NOTE: Final = 500
MAX_ID: Final = 128
"""Characters of a SKU and of a design's id."""
LINK_DAYS: Final = 30
MAX_LINK_DAYS: Final = 90
"""A link that lies in a mailbox for longer is a risk, and can be made anew."""
ANONYMOUS_DAYS: Final = 90
"""How long a list that is a device's is kept after it was last changed: as long as a link to it may live."""


class ListKind(StrEnum):
    """What a list is for."""

    WISH = "WISH"
    SHOPPING = "SHOPPING"


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """What a list is to say of a SKU, or of a saved design of it; 0 pieces: nothing any more."""

    sku: str
    design_id: str | None = None
    quantity: int = 1
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list."""

    sku: str
    design_id: str | None
    quantity: int
    note: str | None
    added_at: datetime

    @property
    def key(self) -> tuple[str, str | None]:
        """What makes it the same item."""
        return (self.sku, self.design_id)


@dataclass(frozen=True, slots=True)
class Link:
    """The link in force, without its token."""

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShoppingList:
    """A list as it is kept. `owner`: a profile's id, or a device's name."""

    id: str
    kind: ListKind
    name: str
    owner: str
    items: tuple[Item, ...]
    link: Link | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFull(Refusal):
    """As many items in the list, or lists of this owner, as there may be."""

    limit: int
    code: ClassVar[str] = "LIST_FULL"

    @property
    def message(self) -> str:
        """The limit."""
        return f"{'.'.join(self.path)}: at most {self.limit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOwned(Refusal):
    """The list is a member's already; whose is not told."""

    code: ClassVar[str] = "LIST_OWNED"
    path: Path = ("input", "token")

    @property
    def message(self) -> str:
        """That it is."""
        return "this list belongs to a member"


def token_of(secret: bytes, list_id: str, key: str) -> str:
    """The token of a link: 43 characters. The same list and idempotency key give it again; nothing else does."""
    content = f"list-link\0{list_id}\0{key}".encode()
    return base64.urlsafe_b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode().rstrip("=")


def token_digest(token: str) -> bytes:
    """What is kept of a token: who reads our database opens no list."""
    return hashlib.sha256(token.encode()).digest()


def with_item(items: Sequence[Item], draft: ItemDraft, now: datetime) -> tuple[Item, ...]:
    """The items with one put, changed in its place, or taken out."""
    new = Item(draft.sku, draft.design_id, draft.quantity, draft.note, now)
    there = {item.key: item for item in items}
    if draft.quantity == 0:
        there.pop(new.key, None)
    else:
        before = there.get(new.key)
        there[new.key] = new if before is None else Item(*new.key, draft.quantity, draft.note, before.added_at)
    return tuple(there.values())


def check_items(drafts: Sequence[ItemDraft], path: Path, lowest: int = 1) -> list[Refusal]:
    """Every value that can never be taken."""
    problems: list[Refusal] = []
    for place, draft in enumerate(drafts):
        here = path if len(path) == 1 else (*path, str(place))
        for name, text, limit in (("sku", draft.sku, MAX_ID), ("designId", draft.design_id, MAX_ID)):
            if text is not None and not (0 < len(text) <= limit and text.isprintable()):
                problems.append(_invalid((*here, name), f"1 to {limit} printable characters", len(text)))
        if draft.note is not None and len(draft.note) > MAX_NOTE:
            problems.append(_invalid((*here, "note"), f"at most {MAX_NOTE} characters", len(draft.note)))
        if not lowest <= draft.quantity <= MAX_QUANTITY:
            expected = f"{lowest} to {MAX_QUANTITY}"
            problems.append(InvalidInput(path=(*here, "quantity"), expected=expected, got=str(draft.quantity)))
    return problems


def check_name(name: str) -> list[Refusal]:
    """A list is called something."""
    if len(name.strip()) > 0 and len(name) <= MAX_NAME:
        return []
    return [_invalid(("input", "name"), f"1 to {MAX_NAME} characters", len(name))]


def check_days(days: int) -> list[Refusal]:
    """How long a link lives."""
    if 1 <= days <= MAX_LINK_DAYS:
        return []
    return [InvalidInput(path=("input", "days"), expected=f"1 to {MAX_LINK_DAYS}", got=str(days))]


def forgotten_at(now: datetime) -> datetime:
    """When a device's list goes, if nobody takes it over."""
    return now + timedelta(days=ANONYMOUS_DAYS)


def _invalid(path: Path, expected: str, length: int) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=f"{length} characters")
