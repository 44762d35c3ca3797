"""GraphQL types of consent."""

from datetime import datetime
from typing import Self

import strawberry

from kit.graphql.errors import Payload
from services.customer.consent import model
from services.customer.consent.model import ContactChannel as ContactChannel  # the graph shows these as they are
from services.customer.consent.model import Ground
from services.customer.consent.model import Purpose as Purpose

ConsentPurpose = Purpose
ConsentGround = Ground
strawberry.enum(
    Purpose,
    name="ConsentPurpose",
    description="What data is used for. MARKETING and SURVEY need a yes; PERSONALISATION and BEHAVIOUR (noting what "
    "somebody does) are allowed until somebody says no.",
)
strawberry.enum(ContactChannel, description="By what somebody is written to or called.")
strawberry.enum(
    Ground,
    name="ConsentGround",
    description="Why it is allowed or not. REFUSED_BEFORE_MERGE: one of the profiles that were merged said no, and the "
    "person was not asked again since.",
)


@strawberry.type(description="An answer as it was given; never changed.")
class ConsentRecord:
    """See `model.ConsentRecord`."""

    id: strawberry.ID = strawberry.field(description="con_…")
    purpose: Purpose = strawberry.field(description="For what.")
    channel: ContactChannel | None = strawberry.field(description="By what; null: by all channels.")
    granted: bool = strawberry.field(description="Yes, or no.")
    text_version: str = strawberry.field(description="The version of the text they read.")
    source: str = strawberry.field(description="Where they answered.")
    at: datetime = strawberry.field(description="When they answered.")
    recorded_at: datetime = strawberry.field(description="When it was noted here.")
    actor: str = strawberry.field(description="Who noted it.")
    given_by: strawberry.ID = strawberry.field(description="The profile that answered; a merge does not change it.")

    @classmethod
    def of(cls, row: model.ConsentRecord) -> Self:
        """From the model."""
        return cls(
            id=strawberry.ID(row.id),
            purpose=row.purpose,
            channel=row.channel,
            granted=row.granted,
            text_version=row.text_version,
            source=row.source,
            at=row.at,
            recorded_at=row.recorded_at,
            actor=row.actor,
            given_by=strawberry.ID(row.subject),
        )


@strawberry.type(description="Whether something is allowed now, and the record that decides.")
class ConsentState:
    """See `model.Permission`."""

    purpose: Purpose = strawberry.field(description="For what.")
    channel: ContactChannel | None = strawberry.field(description="By what; null: by all channels.")
    allowed: bool = strawberry.field(description="Whether it is.")
    ground: Ground = strawberry.field(description="Why.")
    record: ConsentRecord | None = strawberry.field(description="What decides; null: nobody was ever asked.")

    @classmethod
    def of(cls, row: model.Permission) -> Self:
        """From the model."""
        record = None if row.record is None else ConsentRecord.of(row.record)
        return cls(purpose=row.purpose, channel=row.channel, allowed=row.allowed, ground=row.ground, record=record)


@strawberry.type(description="The record, or why not.")
class ConsentRecordPayload(Payload):
    """Of consentRecord."""

    record: ConsentRecord | None = strawberry.field(default=None, description="As kept; the first one on a replay.")

    @classmethod
    def of(cls, row: model.ConsentRecord) -> "ConsentRecordPayload":
        """From the model."""
        return cls(record=ConsentRecord.of(row))
