"""Answers are noted, and looked up."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from kit.errors import IdempotencyKeyReused, Refused
from kit.idempotency import check_key, fingerprint
from services.customer.consent.model import (
    ConsentRecord,
    ContactChannel,
    Permission,
    Purpose,
    check_record,
    current,
    decide,
)
from services.customer.kin.model import Person
from services.customer.person.actions import refuse_forgotten
from services.customer.store import CustomerStore


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """An answer to be noted. `at`: when it was given; None: now."""

    subject: str
    purpose: Purpose
    channel: ContactChannel | None
    granted: bool
    text_version: str
    source: str
    at: datetime | None
    idempotency_key: str


async def record(store: CustomerStore, request: ConsentRequest, actor: str, *, now: datetime) -> ConsentRecord:
    """Append an answer; the same key and answer gives the first record, another answer under it is refused."""
    digest = hashlib.blake2b(check_key(request.idempotency_key).encode(), digest_size=16).hexdigest()
    new = ConsentRecord(
        id=f"con_{digest}",
        subject=request.subject,
        purpose=request.purpose,
        channel=request.channel,
        granted=request.granted,
        text_version=request.text_version,
        source=request.source,
        at=request.at or now,
        recorded_at=now,
        actor=actor,
    )
    problems = check_record(new)
    if problems:
        raise Refused(*problems)
    await refuse_forgotten(store, request.subject, ("input", "customerId"))
    asked = _fingerprint(request)
    kept, first = await store.consent.append(new, asked)
    if first != asked:
        raise Refused(IdempotencyKeyReused(key=request.idempotency_key))
    return kept


async def permission(
    store: CustomerStore, person: Person, purpose: Purpose, channel: ContactChannel | None
) -> Permission:
    """Whether a person may be written to, and what decides it."""
    return decide(await store.consent.of(person.ids), person, purpose, channel)


async def permissions(store: CustomerStore, person: Person) -> list[Permission]:
    """What holds now of everything the person ever said."""
    return current(await store.consent.of(person.ids), person)


def _fingerprint(request: ConsentRequest) -> str:
    at = None if request.at is None else request.at.isoformat()
    channel = None if request.channel is None else request.channel.value
    said = (request.granted, request.text_version, request.source, at)
    return fingerprint(request.subject, request.purpose.value, channel, *said)
