"""One import of customers from its file to its report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Final, TypeVar, cast

import polars as pl
import uvloop
from rich.console import Console

from kit.errors import Refusal, Refused
from kit.events import open_event_log
from kit.settings import KitSettings
from kit.times import utc_now
from noren.imports.accounting import Account
from noren.imports.asked import Asked
from noren.imports.customers.mapping import CustomerMapping, load_customer_mapping
from noren.imports.customers.model import MEANING, REMARK_MEANING, TAKEN, Outcome, Remark
from noren.imports.customers.rows import Row, classify
from noren.imports.job import Job, Result, conclude
from noren.imports.progress import Steps, showing
from noren.imports.reading import read_table
from noren.imports.report import Words
from services.customer.app import open_store
from services.customer.events import drainers
from services.customer.identify.bulk import identify_all
from services.customer.identify.model import Observation
from services.customer.identify.model import Outcome as Found
from services.customer.merge.model import CandidateState
from services.customer.merge.store import MergeStore
from services.customer.settings import Settings
from services.customer.store import CustomerStore

T = TypeVar("T")

WORDS: Final = Words(cast(Mapping[StrEnum, str], MEANING), cast(Mapping[StrEnum, str], REMARK_MEANING), TAKEN)
BATCH: Final = 500
"""Rows told at a time: half a megabyte of them."""
OUTCOMES: Final = {Found.CREATED: Outcome.CREATED, Found.FOUND: Outcome.MATCHED, Found.MERGED: Outcome.MERGED}
LEFT_OUT: Final = {
    "identities": Remark.IDENTITY_LEFT_OUT,
    "birthday": Remark.BIRTHDAY_LEFT_OUT,
    "at": Remark.DATE_LEFT_OUT,
    "memberSince": Remark.DATE_LEFT_OUT,
    "emails": Remark.EMAIL_LEFT_OUT,
    "phones": Remark.PHONE_LEFT_OUT,
    "addresses": Remark.ADDRESS_LEFT_OUT,
    "name": Remark.NAME_LEFT_OUT,
    "displayName": Remark.NAME_LEFT_OUT,
    "language": Remark.LANGUAGE_LEFT_OUT,
}
"""By the field of the input that was refused."""


@dataclass(slots=True)
class CustomerImport:
    """A file whose every row is decided as far as it can be without the service; `queued` None: not brought in."""

    job: Job[CustomerMapping]
    rows: list[Row]
    rows_read: int
    started: float
    queued: int | None = None

    def load(self, mongodb_url: str, err: Console) -> None:
        """Bring into the customer service what may be taken, and tell of it."""
        with showing(err) as steps:
            uvloop.run(_load(self, mongodb_url, steps))

    def conclude(self, out: Console) -> Account:
        """See `job.conclude`."""
        for row in self.rows:
            row.refuse(Outcome.READY)
        counts = Counter(row.outcome for row in self.rows)
        outcomes: dict[StrEnum, int] = {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}
        remarks = Counter(remark for row in self.rows if row.outcome in TAKEN for remark in row.remarks)
        account = Account(self.rows_read, outcomes, {one: remarks[one] for one in Remark if remarks[one]}, TAKEN)
        figures = {} if self.queued is None else {"Candidates": {"pairs for a person to judge": f"{self.queued:,}"}}
        handed = sum(row.outcome in TAKEN for row in self.rows)
        result = Result(account, not_taken(self.rows), handed, figures, loaded=self.queued is not None)
        return conclude(out, result, self.job.report, self.started, WORDS)


def prepare(asked: Asked, err: Console) -> CustomerImport:
    """Read the file and decide every row; nothing is written."""
    job = Job.of(asked, load_customer_mapping)
    started = monotonic()
    with showing(err) as steps:
        with steps.during("reading"):
            table = read_table(job.file, job.mapping.file)
        with steps.during("deciding"):
            rows = classify(table, job.mapping, datetime.fromtimestamp(job.file.stat().st_mtime, UTC))
    return CustomerImport(job, rows, table.rows, started)


async def load_into(store: CustomerStore, prepared: CustomerImport, steps: Steps) -> None:
    """Bring in what may be taken, into a store that is open."""
    waiting = [row for row in prepared.rows if row.outcome is None]
    advance = steps.begin("customers", len(waiting))
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        left: Sequence[Row] = batch
        while left:
            left = await _bring(store, left, prepared.job.mapping.phone_region)
        advance(len(batch))


async def _bring(store: CustomerStore, rows: Sequence[Row], region: str) -> list[Row]:
    """Say what these rows say; those of which something was refused and left out are returned, to be said again."""
    again: list[Row] = []
    observations = [row.seen for row in rows if row.seen is not None]
    answers = await identify_all(store, observations, region=region, now=utc_now())
    for row, seen, answer in zip(rows, observations, answers, strict=True):
        if not isinstance(answer, Refused):
            row.refuse(OUTCOMES[answer])
        elif (lesser := without(seen, answer.refusals)) is not None:
            row.seen, remarks = lesser
            row.remarks |= remarks
            again.append(row)
        else:
            row.refuse(Outcome.CUSTOMER_REFUSED, "; ".join(one.message for one in answer.refusals))
    return again


def without(seen: Observation, refusals: Sequence[Refusal]) -> tuple[Observation, set[Remark]] | None:
    """The observation less what was refused, and the remarks that tell of it; None if it cannot be left out."""
    lost: dict[str, set[int]] = {}
    for refusal in refusals:
        if len(refusal.path) < 2 or refusal.path[1] not in LEFT_OUT:
            return None
        place = refusal.path[2] if len(refusal.path) > 2 and refusal.path[2].isdigit() else "-1"
        lost.setdefault(refusal.path[1], set()).add(int(place))
    draft = seen.draft
    identities = _less(draft.identities, lost.get("identities", set()))
    if not identities:
        return None
    lesser = replace(
        draft,
        identities=identities,
        emails=_less(draft.emails, lost.get("emails", set())),
        phones=_less(draft.phones, lost.get("phones", set())),
        addresses=_less(draft.addresses, lost.get("addresses", set())),
        birthday=None if "birthday" in lost else draft.birthday,
        name=None if "name" in lost else draft.name,
        display_name=None if "displayName" in lost else draft.display_name,
        language=None if "language" in lost else draft.language,
        member_since=None if "memberSince" in lost else draft.member_since,
    )
    fewer = Observation(lesser, None if "at" in lost else seen.at)
    return None if fewer == seen else (fewer, {LEFT_OUT[name] for name in lost})


def _less(values: tuple[T, ...], places: set[int]) -> tuple[T, ...]:
    return tuple(value for place, value in enumerate(values) if place not in places)


async def open_candidates(store: CustomerStore) -> int:
    """How many pairs of customers wait for a person to judge them."""
    return await MergeStore(store).count(CandidateState.OPEN)


async def _load(prepared: CustomerImport, mongodb_url: str, steps: Steps) -> None:
    settings, prefix = Settings(mongodb_url=mongodb_url), KitSettings().database_prefix
    async with open_store(settings) as store, open_event_log(mongodb_url, prefix) as log:
        before = await open_candidates(store)
        await load_into(store, prepared, steps)
        prepared.queued = await open_candidates(store) - before
        with steps.during("events"):
            for drainer in drainers(store, log):
                await drainer.drain()


def not_taken(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows that are not taken, in the file's order; nothing of a person: the line number leads to them."""
    refused = [row for row in rows if row.outcome not in TAKEN]
    columns = {
        "line": [row.line for row in refused],
        "outcome": [None if row.outcome is None else row.outcome.value for row in refused],
        "detail": [row.detail for row in refused],
    }
    return pl.DataFrame(columns, schema={"line": pl.Int64, "outcome": pl.String, "detail": pl.String})
