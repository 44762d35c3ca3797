"""Threads as MongoDB keeps them, and back. Known to the store only. What people wrote is sealed."""

from datetime import datetime
from typing import Any

from kit.mongo import Document
from services.customer.inquiry.model import (
    Act,
    Author,
    Done,
    Inquiry,
    InquiryChannel,
    InquiryState,
    Letter,
    Message,
    Thread,
)
from services.customer.vault.cipher import MemberKey

BODY = "body"
SUBJECT = "subject"


def message_document(letter: Letter, key: MemberKey, fingerprint: str, actor: str, now: datetime) -> Document:
    """An element of `messages`."""
    return {
        "key": letter.idempotency_key,
        "fingerprint": fingerprint,
        "author": letter.author.value,
        "channel": letter.channel.value,
        "actor": actor,
        "body": key.seal(BODY, letter.body),
        "at": now,
    }


def act_document(act: Act, actor: str, now: datetime, value: str | None = None) -> Document:
    """An element of `acts`."""
    return {"act": act.value, "actor": actor, "at": now, "value": value}


def parse_inquiry(row: Document, key: MemberKey) -> Inquiry:
    """The thread of a document, without its messages."""
    return Inquiry(
        id=row["_id"],
        customer_id=row["customer"],
        channel=InquiryChannel(row["channel"]),
        subject=key.open(SUBJECT, row["subject"]),
        state=InquiryState(row["state"]),
        assignee=row["assignee"],
        messages=row["count"],
        version=row["version"],
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
    )


def parse_thread(row: Document, key: MemberKey) -> Thread:
    """What was said, and what was done."""
    messages = [_message(number, each, key) for number, each in enumerate(row["messages"], 1)]
    history = [Done(Act(each["act"]), each["actor"], each["at"], each["value"]) for each in row["acts"]]
    return Thread(tuple(messages), tuple(history))


def _message(number: int, row: Document, key: MemberKey) -> Message:
    body: Any = key.open(BODY, row["body"])
    return Message(number, Author(row["author"]), InquiryChannel(row["channel"]), row["actor"], body, row["at"])
