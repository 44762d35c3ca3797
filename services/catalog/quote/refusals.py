"""Why a basket cannot be quoted, and a quote not redeemed."""

from dataclasses import dataclass
from typing import ClassVar

from kit.errors import Path, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPriced(Refusal):
    """The SKU has no price on this channel in this currency: nothing is converted."""

    sku: str
    channel: str
    currency: str
    code: ClassVar[str] = "NOT_PRICED"

    @property
    def message(self) -> str:
        """Where it has none."""
        return f"{self.sku!r} has no price in {self.currency} on channel {self.channel!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOffered(Refusal):
    """The SKU, or one that it is made of (`component_sku`), is not sold on this channel at this place and instant."""

    sku: str
    channel: str
    component_sku: str | None = None
    code: ClassVar[str] = "NOT_OFFERED"

    @property
    def message(self) -> str:
        """What, where, and because of what."""
        reason = "" if self.component_sku is None else f", because its component {self.component_sku!r} is not"
        return f"{self.sku!r} is not sold on channel {self.channel!r} here and now{reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteNotValid(Refusal):
    """The token is no quote of ours, its time is over, or it is somebody else's."""

    reason: str
    path: Path = ("input", "token")
    code: ClassVar[str] = "QUOTE_NOT_VALID"

    @property
    def message(self) -> str:
        """Why."""
        return f"{'.'.join(self.path)}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteEnded(Refusal):
    """The quote was redeemed, released, expired, or is held under another key."""

    quote_id: str
    state: str
    path: Path = ("input", "token")
    code: ClassVar[str] = "QUOTE_ENDED"

    @property
    def message(self) -> str:
        """How."""
        return f"quote {self.quote_id!r} is {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingLeft(Refusal):
    """A promotion's budget or uses, a customer's uses of it, or a coupon's are used up, or it was switched off."""

    kind: str
    id: str
    path: Path = ("input", "token")
    code: ClassVar[str] = "NOTHING_LEFT"

    @property
    def message(self) -> str:
        """Of what."""
        return f"nothing is left of {self.kind} {self.id!r}: quote again"
