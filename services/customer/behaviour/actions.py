"""Events come in by hundreds, and go out by whose they are now."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kit.errors import BadUserInput, InvalidInput, Refusal, Refused
from kit.pages import NOT_OURS, Cursors, Page, PageArgs, encode_cursor
from services.customer.behaviour.checks import KEY, Door, check_source
from services.customer.behaviour.model import (
    MAX_BATCH,
    PASSIVE,
    BehaviourEvent,
    BehaviourKind,
    EventDraft,
    SourceIdReused,
    TrackReport,
    row_path,
)
from services.customer.behaviour.session import Session, sessions_of
from services.customer.consent.model import Purpose, refused_subjects
from services.customer.device.model import Device, is_device
from services.customer.kin.model import Person
from services.customer.store import CustomerStore

ACTIVE: Final = frozenset(BehaviourKind) - PASSIVE
MAX_SESSION_STEPS: Final = 2_000
"""Events read for one page of sessions: a few milliseconds. A session that is longer comes in parts."""
MAX_SESSIONS: Final = 20
"""Sessions of a page: each may be hundreds of events."""

Rows = dict[int, BehaviourEvent]
"""Events by their row."""


async def track(store: CustomerStore, door: Door, drafts: Sequence[EventDraft]) -> TrackReport:
    """Keep the events of a call. Each row stands for itself; telling a row again changes nothing."""
    check_source(door.source)
    if not 0 < len(drafts) <= MAX_BATCH:
        path, expected = ("input", "events"), f"1 to {MAX_BATCH} events"
        raise Refused(InvalidInput(path=path, expected=expected, got=str(len(drafts))))
    refused: list[Refusal] = []
    rows: Rows = {}
    for row, draft in enumerate(drafts):
        checked = door.check(row, draft)
        if isinstance(checked, BehaviourEvent):
            rows[row] = checked
        else:
            refused += checked
    devices = await store.device.by_subject({event.device for event in rows.values() if event.device is not None})
    unwanted = await _unwanted(store, rows.values(), devices)
    opted_out = tuple(row for row, event in rows.items() if event in unwanted)
    welcome = {row: event for row, event in rows.items() if event not in unwanted}
    await store.device.see(_seen(welcome, devices, drafts), door.now)
    again = await _keep(store, welcome)
    problems = [problem for problem in again.values() if problem is not None]
    return TrackReport(len(welcome) - len(again), len(again) - len(problems), opted_out, (*refused, *problems))


async def attach(store: CustomerStore, customer_id: str, device: str, *, now: datetime) -> None:
    """Somebody logged in at a device: what was done there is theirs if nobody else was ever seen at it."""
    await store.device.see([Device(device, frozenset({customer_id}))], now)


async def subjects_of(store: CustomerStore, person: Person) -> frozenset[str]:
    """Whose events are this person's: all their profiles', and those of devices that are theirs alone."""
    devices = await store.device.of_customers(person.ids)
    return person.ids | {device.subject for device in devices if device.is_of(person)}


async def timeline(
    store: CustomerStore, subjects: frozenset[str], kinds: Sequence[BehaviourKind], args: PageArgs
) -> Page[BehaviourEvent]:
    """A page of what these subjects did, the newest first."""
    found = await store.behaviour.timeline(subjects, kinds, _before(args), args.first + 1)

    async def count() -> int:
        return await store.behaviour.count(subjects, kinds)

    return Page(
        nodes=found[: args.first],
        cursors=Cursors(found[: args.first], lambda event: [event.key.hex()]),
        has_next=len(found) > args.first,
        has_previous=args.after is not None,
        count=count,
    )


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions, the newest first; `after` continues behind them, None: there are no more."""

    rows: Sequence[Session]
    after: str | None


async def sessions(store: CustomerStore, subjects: frozenset[str], args: PageArgs) -> Sessions:
    """So many sessions; one longer than `MAX_SESSION_STEPS` comes in parts."""
    if args.first > MAX_SESSIONS:
        raise BadUserInput(f"first: expected 1 to {MAX_SESSIONS}, got {args.first}")
    steps = await store.behaviour.steps(subjects, ACTIVE, _before(args), MAX_SESSION_STEPS + 1)
    all_read = len(steps) <= MAX_SESSION_STEPS
    found = sessions_of(steps[:MAX_SESSION_STEPS], all_read=all_read)
    if not all_read and len(found) > 1:
        found.pop()  # it may begin further back: the next page reads it from its end
    rows = found[: args.first]
    has_more = len(found) > len(rows) or not all_read
    return Sessions(rows, encode_cursor([rows[-1].key.hex()]) if has_more and rows else None)


async def erase(store: CustomerStore, customer_id: str, *, now: datetime) -> int:
    """Remove every event of a profile and of the devices that were theirs alone; how many there were.

    Nothing is kept of them any more; a call that was past the door already is caught by erasing again a minute later.
    The devices go last: until then a repetition after a crash still finds whose they were.
    """
    subjects = {customer_id, *await store.device.alone(customer_id)}
    await store.behaviour.forget(subjects, now)
    removed = await store.behaviour.erase(subjects)
    await store.device.forget(customer_id)
    return removed


@dataclass(frozen=True, slots=True)
class _Unwanted:
    """Subjects that said no or are forgotten, and devices whose owner said no."""

    themselves: frozenset[str]
    through_owner: frozenset[str]

    def __contains__(self, event: BehaviourEvent) -> bool:
        if event.customer_id is None:
            return event.subject in self.themselves or event.subject in self.through_owner
        return event.customer_id in self.themselves or event.device in self.themselves


async def _unwanted(store: CustomerStore, events: Iterable[BehaviourEvent], devices: dict[str, Device]) -> _Unwanted:
    told = {subject for event in events for subject in (event.customer_id, event.device) if subject is not None}
    people = {subject for subject in told if not is_device(subject)}
    people |= {customer for device in devices.values() for customer in device.customers}
    persons = dict(await store.kin.persons(people))
    persons |= {subject: Person(frozenset({subject})) for subject in told if is_device(subject)}
    everybody = {id for person in persons.values() for id in person.ids}
    records = await store.consent.of_purpose(everybody, Purpose.BEHAVIOUR)
    refused = refused_subjects(records, persons, Purpose.BEHAVIOUR)
    owners = {device.subject: device.owner(persons) for device in devices.values()}
    through_owner = {subject for subject, owner in owners.items() if owner is not None and owner.ids & refused}
    return _Unwanted(frozenset(refused | await store.behaviour.forgotten(told)), frozenset(through_owner))


def _seen(rows: Rows, devices: dict[str, Device], drafts: Sequence[EventDraft]) -> list[Device]:
    """Who was seen at which device, as far as that is not known yet."""
    seen: dict[str, Device] = {}
    for row, event in rows.items():
        if event.device is None or (event.customer_id is None and not drafts[row].shared):
            continue
        before = seen.get(event.device) or devices.get(event.device) or Device(event.device)
        customers = before.customers | ({event.customer_id} if event.customer_id is not None else set())
        seen[event.device] = Device(event.device, customers, before.shared or drafts[row].shared)
    return [device for device in seen.values() if devices.get(device.subject) != device]


async def _keep(store: CustomerStore, rows: Rows) -> dict[int, Refusal | None]:
    """Append; the rows that were there already, with a refusal if they said something else."""
    order = list(rows)
    kept = await store.behaviour.append([rows[row] for row in order])
    again: dict[int, Refusal | None] = {}
    for place, first in kept.items():
        row = order[place]
        same = rows[row].says_the_same(first)
        again[row] = None if same else SourceIdReused(path=row_path(row, "sourceId"))
    return again


def _before(args: PageArgs) -> bytes | None:
    """The key in a cursor."""
    if args.after is None:
        return None
    match args.after:
        case (str(text),) if len(text) == 2 * KEY:
            with contextlib.suppress(ValueError):
                return bytes.fromhex(text)
    raise BadUserInput(NOT_OURS)
