"""External ids and keys: what they may look like, and what it means to meet one again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from kit.errors import IdempotencyKeyReused, Path, Refusal
from services.order.problems import Problems

MAX_EXTERNAL_IDS: Final = 8
"""A sale passes till, middleware, marketplace and ERP; each may name it once."""
MAX_SOURCE_LENGTH: Final = 64
MAX_VALUE_LENGTH: Final = 128


@dataclass(frozen=True, slots=True, order=True)
class ExternalId:
    """What a document is called where it was made; unique a source over all documents of its kind."""

    source: str
    value: str

    def __str__(self) -> str:
        return f"{self.source}:{self.value}"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document is known by, and the digest of its content: equal content has an equal `fingerprint`."""

    external_ids: tuple[ExternalId, ...]
    key: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Claim:
    """An identity that a recorded document holds already."""

    id: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyRecorded(Refusal):
    """The external id belongs to a document with other content."""

    source: str
    value: str
    recorded_id: str
    path: Path = ("input", "externalIds")
    code: ClassVar[str] = "ALREADY_RECORDED"

    @property
    def message(self) -> str:
        """Which external id, and what holds it."""
        return f"{self.source} {self.value!r} is recorded as {self.recorded_id} with other content"


def check_external_ids(external_ids: Sequence[ExternalId], problems: Problems) -> None:
    """At least one, each source once, within bounds."""
    if not 1 <= len(external_ids) <= MAX_EXTERNAL_IDS:
        problems.add(("externalIds",), f"1 to {MAX_EXTERNAL_IDS} external ids", len(external_ids))
        return
    for index, external_id in enumerate(external_ids):
        problems.text(("externalIds", str(index), "source"), external_id.source, MAX_SOURCE_LENGTH)
        problems.text(("externalIds", str(index), "value"), external_id.value, MAX_VALUE_LENGTH)
    sources = [external_id.source for external_id in external_ids]
    if len(set(sources)) < len(sources):
        problems.add(("externalIds",), "each source once", ", ".join(sources))


def meet(identity: Identity, claims: Sequence[Claim]) -> str | Refusal:
    """The id of the document that holds this very content already, or why the identity cannot be taken.

    A reused key goes first: the caller's mistake is there. Then every external id must lead to the same content.
    """
    for claim in claims:
        if identity.key is not None and claim.identity.key == identity.key:
            if claim.identity.fingerprint == identity.fingerprint:
                return claim.id
            return IdempotencyKeyReused(key=identity.key)
    for claim in claims:
        if claim.identity.fingerprint != identity.fingerprint:
            shared = next(one for one in identity.external_ids if one in claim.identity.external_ids)
            return AlreadyRecorded(source=shared.source, value=shared.value, recorded_id=claim.id)
    return claims[0].id
