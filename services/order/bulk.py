"""Recording by the thousand: the same rules as one by one, told as counts. Running it again changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol, TypeVar

from kit.errors import Refusal, Refused
from kit.mongo import Document
from services.order.identity.model import Claim, ExternalId, Identity, meet

BATCH: Final = 1_000
"""Documents of one insert: some megabytes, one round trip."""
BREATH: Final = 50
"""Documents made before others get a turn; the batch before is on its way to the database meanwhile."""
MAX_REPORTED: Final = 1_000
"""Problems told one by one; all are counted."""

T = TypeVar("T")


class Identified(Protocol):
    """An order or a return."""

    @property
    def identity(self) -> Identity:
        """By what it is recorded once."""
        ...


class Draft(Protocol):
    """A draft of either."""

    @property
    def external_ids(self) -> tuple[ExternalId, ...]:
        """What it is called where it comes from."""
        ...


DraftT = TypeVar("DraftT", bound=Draft)
MadeT = TypeVar("MadeT", bound=Identified)
Written = tuple[MadeT, Sequence[Document]]
"""What is inserted, with its outbox."""


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """Why one document was not imported; `external_id` is its first, as source:value."""

    external_id: str
    refusals: tuple[Refusal, ...]


@dataclass(slots=True)
class ImportResult:
    """What an import did, counted while it runs."""

    recorded: int = 0
    """New."""
    known: int = 0
    """Recorded before with this very content: nothing to do."""
    conflicting: int = 0
    """Recorded before with other content: left as it was."""
    refused: int = 0
    """Against the rules."""
    problems: list[ImportProblem] = field(default_factory=list)
    """The first `MAX_REPORTED` of the conflicting and the refused."""

    def report(self, external_ids: Sequence[ExternalId], refusals: Sequence[Refusal]) -> None:
        """Keep one problem, as long as there is room."""
        if len(self.problems) < MAX_REPORTED:
            name = str(external_ids[0]) if external_ids else "(no external id)"
            self.problems.append(ImportProblem(name, tuple(refusals)))


async def insert_all(
    drafts: Iterable[DraftT],
    compose: Callable[[DraftT], Written[MadeT] | Refused],
    add_many: Callable[[Sequence[Written[MadeT]]], Awaitable[list[int]]],
    claims: Callable[[Sequence[Identity]], Awaitable[list[Claim]]],
    result: ImportResult,
) -> None:
    """Compose and insert batch by batch, one being made while the one before is written."""

    async def make(batch: Sequence[DraftT]) -> list[Written[MadeT]]:
        made: list[Written[MadeT]] = []
        for index, draft in enumerate(batch):
            one = compose(draft)
            if isinstance(one, Refused):
                result.refused += 1
                result.report(draft.external_ids, one.refusals)
            else:
                made.append(one)
            if index % BREATH == 0:
                await asyncio.sleep(0)
        return made

    async def write(batch: Sequence[Written[MadeT]]) -> None:
        if not batch:
            return
        taken = await add_many(batch)
        result.recorded += len(batch) - len(taken)
        if taken:
            identities = [batch[index][0].identity for index in taken]
            _count_taken(identities, await claims(identities), result)

    waiting: list[Written[MadeT]] = []
    for batch in batches(drafts, BATCH):
        waiting, _ = await asyncio.gather(make(batch), write(waiting))
    await write(waiting)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of `size`, read only as far as asked."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _count_taken(identities: Sequence[Identity], claims: Sequence[Claim], result: ImportResult) -> None:
    holders = {one: claim for claim in claims for one in claim.identity.external_ids}
    for identity in identities:
        met = meet(identity, [holders[one] for one in identity.external_ids if one in holders])
        if isinstance(met, Refusal):
            result.conflicting += 1
            result.report(identity.external_ids, [met])
        else:
            result.known += 1
