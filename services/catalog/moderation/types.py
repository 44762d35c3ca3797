"""Moderation as the graph shows it."""

from datetime import datetime
from enum import Enum

import strawberry

from kit.errors import BadUserInput
from kit.graphql.errors import UserError, presents
from services.catalog.context import Info
from services.catalog.moderation import model
from services.catalog.moderation.model import MODERATE


@strawberry.enum(description="Whether others may read it.")
class Moderation(Enum):
    """See `model.Moderation`."""

    PENDING = strawberry.enum_value("pending", description="Staff has not read it, or not since it was edited.")
    PUBLISHED = strawberry.enum_value("published", description="Everybody may read it.")
    REJECTED = strawberry.enum_value("rejected", description="Only its author and staff may read it.")


@strawberry.enum(description="Why something is rejected.")
class RejectionReason(Enum):
    """See `model.Reason`."""

    SPAM = "spam"
    OFFENSIVE = "offensive"
    OFF_TOPIC = "off_topic"
    PERSONAL_DATA = "personal_data"
    FAKE = "fake"
    OTHER = "other"


@strawberry.type(description="What the merchant says to it.")
class MerchantAnswer:
    """See `model.Answer`."""

    body: str = strawberry.field(description="The text.")
    at: datetime = strawberry.field(description="When it was given.")

    @classmethod
    def of(cls, answer: model.Answer | None) -> "MerchantAnswer | None":
        """From the model."""
        return None if answer is None else cls(body=answer.body, at=answer.at)


@presents(model.AlreadyWritten)
@strawberry.type(description="The customer has reviewed this product already; edit that review.")
class AlreadyWritten(UserError):
    """See `model.AlreadyWritten`."""

    review_id: strawberry.ID = strawberry.field(description="The review there is.")


def verdict_of(state: Moderation, reason: RejectionReason | None, note: str | None) -> model.Verdict:
    """For the model."""
    why = None if reason is None else model.Reason(reason.value)
    return model.Verdict(model.Moderation(state.value), why, note)


def writer(info: Info, customer_id: str | None) -> str:
    """For whom the caller writes: itself, or, as staff, any customer."""
    caller = info.context.caller
    if customer_id is not None and customer_id != caller.customer:
        caller.require(MODERATE)
        return customer_id
    if caller.customer is None:
        raise BadUserInput("input.customerId: expected a customer, since the caller is none")
    return caller.customer


def may_read(info: Info, customer_id: str | None) -> bool:
    """Whether the caller may read what is not published: its author, and staff."""
    caller = info.context.caller
    return MODERATE in caller.scopes or (customer_id is not None and customer_id == caller.customer)
