"""Consent as it was given or taken back, and which record decides. No I/O, no clock.

Records are never changed. What holds now is derived from all records of all profiles that are one person:

1. A record for all channels speaks for each of them; of two, the later one holds, and a refusal of the same instant.
2. Profiles that were merged each keep their answer, and the most restrictive one holds ...
3. ... until the person is asked again: a record made after the last merge decides alone.
4. Who never answered allows no message, and does not forbid to note what they do (`Purpose.is_opt_out`).
Undoing a merge takes rule 2 away and leaves every record where it was given.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kit.errors import InvalidInput, Path, Refusal
from services.customer.kin.model import Person

MAX_TEXT: Final = 100
"""Characters of a text version and of a source: names, not texts."""
MAX_AHEAD: Final = timedelta(minutes=5)
"""How far a till's clock may be ahead of ours."""


class Purpose(StrEnum):
    """What somebody's data is used for."""

    MARKETING = "MARKETING"
    SURVEY = "SURVEY"
    PERSONALISATION = "PERSONALISATION"
    BEHAVIOUR = "BEHAVIOUR"

    @property
    def is_opt_out(self) -> bool:
        """Whether it is allowed as long as nobody has said no."""
        return self in (Purpose.PERSONALISATION, Purpose.BEHAVIOUR)


class ContactChannel(StrEnum):
    """By what somebody is written to or called."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    PHONE = "PHONE"
    LINE = "LINE"
    PUSH = "PUSH"
    POST = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """An answer as it was given. `subject`: a customer's id, or a device's; no channel: all of them."""

    id: str
    subject: str
    purpose: Purpose
    channel: ContactChannel | None
    granted: bool
    text_version: str
    source: str
    at: datetime
    recorded_at: datetime
    actor: str


class Ground(StrEnum):
    """Why somebody may be contacted, or may not."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    REFUSED_BEFORE_MERGE = "REFUSED_BEFORE_MERGE"
    NEVER_ASKED = "NEVER_ASKED"


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether something is allowed, and the record that decides; none where nobody ever answered."""

    purpose: Purpose
    channel: ContactChannel | None
    allowed: bool
    ground: Ground
    record: ConsentRecord | None = None


def decide(
    records: Iterable[ConsentRecord], person: Person, purpose: Purpose, channel: ContactChannel | None
) -> Permission:
    """What holds now for a person, by the rules of this module."""
    newest: dict[str, ConsentRecord] = {}
    for record in records:
        if record.purpose is purpose and (record.channel is None or record.channel is channel):
            before = newest.get(record.subject)
            newest[record.subject] = record if before is None else max(before, record, key=_weight)
    if not newest:
        return Permission(purpose, channel, purpose.is_opt_out, Ground.NEVER_ASKED)
    last = max(newest.values(), key=_weight)
    refusals = [one for one in newest.values() if not one.granted]
    asked_again = person.joined_at is None or last.at > person.joined_at
    if not refusals or (asked_again and last.granted):
        return Permission(purpose, channel, True, Ground.GRANTED, last)
    if not last.granted:
        return Permission(purpose, channel, False, Ground.REFUSED, last)
    return Permission(purpose, channel, False, Ground.REFUSED_BEFORE_MERGE, max(refusals, key=_weight))


def current(records: Sequence[ConsentRecord], person: Person) -> list[Permission]:
    """What holds now for every purpose and channel that anybody said anything about."""
    spoken = {(record.purpose, record.channel) for record in records}
    order = sorted(spoken, key=lambda pair: (pair[0].value, "" if pair[1] is None else pair[1].value))
    return [decide(records, person, purpose, channel) for purpose, channel in order]


def refused_subjects(records: Iterable[ConsentRecord], persons: Mapping[str, Person], purpose: Purpose) -> set[str]:
    """The subjects among these persons for whom the purpose is not allowed on every channel."""
    by_subject: dict[str, list[ConsentRecord]] = {}
    for record in records:
        by_subject.setdefault(record.subject, []).append(record)
    if not by_subject:
        return set()
    refused = set()
    for subject, person in persons.items():
        said = [record for id in person.ids for record in by_subject.get(id, ())]
        if said and not decide(said, person, purpose, None).allowed:
            refused.add(subject)
    return refused


def check_record(record: ConsentRecord, path: Path = ("input",)) -> list[Refusal]:
    """Every value that can never be taken."""
    problems: list[Refusal] = []
    for name, text in (("textVersion", record.text_version), ("source", record.source)):
        if not 0 < len(text.strip()) <= MAX_TEXT or not text.isprintable():
            expected = f"1 to {MAX_TEXT} printable characters"
            problems.append(InvalidInput(path=(*path, name), expected=expected, got=f"{len(text)} characters"))
    if record.at > record.recorded_at + MAX_AHEAD:
        expected = "a moment that has come"
        problems.append(InvalidInput(path=(*path, "at"), expected=expected, got=record.at.isoformat()))
    return problems


def _weight(record: ConsentRecord) -> tuple[datetime, bool, datetime, str]:
    """The later, the weightier; of one instant a refusal."""
    return (record.at, not record.granted, record.recorded_at, record.id)
