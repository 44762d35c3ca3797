"""Threads are begun, continued, assigned and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kit.errors import IdempotencyKeyReused, NotFound, Path, Refused, VersionConflict
from kit.idempotency import check_key, fingerprint
from services.customer.inquiry.model import (
    MAX_ACTS,
    MAX_BODY,
    MAX_MESSAGES,
    MAX_SUBJECT,
    Act,
    Inquiry,
    InquiryChannel,
    InquiryClosed,
    InquiryFull,
    InquiryState,
    Letter,
    check_name,
    check_text,
)
from services.customer.inquiry.store import InquiryStore, Opening
from services.customer.store import CustomerStore

INQUIRY: Path = ("input", "inquiryId")


@dataclass(frozen=True, slots=True)
class Asked:
    """A thread as somebody begins it; `customer_id`: None if nobody knows yet whose it is."""

    customer_id: str | None
    channel: InquiryChannel
    subject: str
    letter: Letter


async def open_inquiry(store: CustomerStore, asked: Asked, actor: str, *, now: datetime) -> Inquiry:
    """Begin a thread; the same key and input again gives the same one, as it is by now."""
    key = check_key(asked.letter.idempotency_key)
    problems = check_text(asked.subject, MAX_SUBJECT, ("input", "subject"))
    problems += check_text(asked.letter.body, MAX_BODY, ("input", "body"))
    if problems:
        raise Refused(*problems)
    digest = fingerprint(asked.customer_id, asked.channel.value, asked.subject, *_content(asked.letter))
    before = await store.inquiry.opened_by(key)
    if before is None:
        if asked.customer_id is not None:
            await _check_customer(store, asked.customer_id)
        opening = Opening(asked.customer_id, asked.channel, asked.subject, asked.letter, digest, actor)
        id = await store.inquiry.open(opening, now)
        before = (id, digest) if id is not None else await store.inquiry.opened_by(key)
    if before is None or before[1] != digest:
        raise Refused(IdempotencyKeyReused(key=key))
    return await existing(store.inquiry, before[0])


async def say(store: CustomerStore, id: str, letter: Letter, actor: str, *, now: datetime) -> Inquiry:
    """Add a message; the same key and message again changes nothing."""
    check_key(letter.idempotency_key)
    problems = check_text(letter.body, MAX_BODY, ("input", "body"))
    if problems:
        raise Refused(*problems)
    digest = fingerprint(*_content(letter))
    if not await store.inquiry.say(id, letter, digest, actor, now):
        there = await existing(store.inquiry, id)
        first = await store.inquiry.said(id, letter.idempotency_key)
        if first is not None and first != digest:
            raise Refused(IdempotencyKeyReused(key=letter.idempotency_key))
        if first is None:
            raise _why_not(there)
    return await existing(store.inquiry, id)


async def assign(
    store: CustomerStore, id: str, version: int, assignee: str | None, actor: str, *, now: datetime
) -> Inquiry:
    """Who takes care of it; None: nobody."""
    problems = check_name(assignee, ("input", "assignee"))
    if problems:
        raise Refused(*problems)
    return await _set(store.inquiry, id, version, (Act.ASSIGNED, assignee), actor, now)


async def set_state(
    store: CustomerStore, id: str, version: int, state: InquiryState, actor: str, *, now: datetime
) -> Inquiry:
    """Whose turn it is; CLOSED is the end."""
    return await _set(store.inquiry, id, version, (Act.STATE, state.value), actor, now)


async def set_customer(
    store: CustomerStore, id: str, version: int, customer_id: str, actor: str, *, now: datetime
) -> Inquiry:
    """Whose thread it is, once that is known."""
    await _check_customer(store, customer_id)
    return await _set(store.inquiry, id, version, (Act.CUSTOMER, customer_id), actor, now)


async def existing(inquiries: InquiryStore, id: str) -> Inquiry:
    """The thread, or Refused: there is none."""
    there = (await inquiries.by_id([id])).get(id)
    if there is None:
        raise no_inquiry(id)
    return there


def no_inquiry(id: str) -> Refused:
    """There is none, or not for this caller."""
    return Refused(NotFound(path=INQUIRY, kind="Inquiry", id=id))


async def _check_customer(store: CustomerStore, id: str) -> None:
    if id not in await store.customers_by_id([id]):
        raise Refused(NotFound(path=("input", "customerId"), kind="Customer", id=id))


async def _set(
    inquiries: InquiryStore, id: str, version: int, what: tuple[Act, str | None], actor: str, now: datetime
) -> Inquiry:
    if not await inquiries.set(id, version, *what, actor, now):
        there = await existing(inquiries, id)
        if there.version != version:
            raise Refused(VersionConflict(expected_version=version, actual_version=there.version))
        raise _why_not(there)
    return await existing(inquiries, id)


def _why_not(there: Inquiry) -> Refused:
    if there.state is InquiryState.CLOSED:
        return Refused(InquiryClosed(path=INQUIRY, id=there.id))
    limit = MAX_MESSAGES if there.messages >= MAX_MESSAGES else MAX_ACTS
    return Refused(InquiryFull(path=INQUIRY, id=there.id, limit=limit))


def _content(letter: Letter) -> Sequence[str]:
    return (letter.author.value, letter.channel.value, letter.body)
