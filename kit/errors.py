"""What can go wrong, in two kinds: refusals, which are foreseen and travel as data, and faults.

A `Refusal` says which input was refused and carries the facts; mutations answer it in `userErrors`. A `Fault` is
for authentication, permission, limits and broken parts; it becomes a top-level GraphQL error with `extensions.code`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Path = tuple[str, ...]
"""Where in the input: ("input", "lines", "0", "quantity")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A foreseen no. Subclasses add the facts and the sentence."""

    path: Path = ("input",)
    code: ClassVar[str] = "REFUSED"

    @property
    def message(self) -> str:
        """One sentence for a developer; clients show their own words by `code`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidInput(Refusal):
    """A value that can never be taken; `expected` says what could."""

    expected: str
    got: str
    code: ClassVar[str] = "INVALID_INPUT"

    @property
    def message(self) -> str:
        """What was expected and what came."""
        return f"{'.'.join(self.path)}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound(Refusal):
    """Something named by the input does not exist, or not for this caller."""

    kind: str
    id: str
    code: ClassVar[str] = "NOT_FOUND"

    @property
    def message(self) -> str:
        """Which thing is missing."""
        return f"{self.kind} {self.id!r} does not exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKeyReused(Refusal):
    """The key was used before with other content."""

    key: str
    path: Path = ("input", "idempotencyKey")
    code: ClassVar[str] = "IDEMPOTENCY_KEY_REUSED"

    @property
    def message(self) -> str:
        """Which key."""
        return f"idempotency key {self.key!r} was used before with other input"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionConflict(Refusal):
    """The object changed since the caller read it."""

    expected_version: int
    actual_version: int
    path: Path = ("input", "expectedVersion")
    code: ClassVar[str] = "VERSION_CONFLICT"

    @property
    def message(self) -> str:
        """Both versions."""
        return f"expected version {self.expected_version}, but it is {self.actual_version} by now"


class Refused(Exception):
    """Carries refusals from where they are known to the payload that shows them; nothing was changed."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals: Sequence[Refusal] = refusals
        super().__init__("; ".join(refusal.message for refusal in refusals))


class Fault(Exception):
    """A top-level error that clients may see as it is."""

    code: ClassVar[str] = "FAULT"


class Unauthenticated(Fault):
    """Nobody we know."""

    code = "UNAUTHENTICATED"


class Forbidden(Fault):
    """Known, and not allowed."""

    code = "FORBIDDEN"


class BadUserInput(Fault):
    """An argument of a query that cannot be taken; the message names it."""

    code = "BAD_USER_INPUT"


class Unavailable(Fault):
    """A part we depend on does not answer."""

    code = "UNAVAILABLE"
