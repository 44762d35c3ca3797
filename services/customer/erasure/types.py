"""The certificate of an erasure, as the graph shows it."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload
from services.customer.erasure import model
from services.customer.erasure.model import ErasureState as ErasureState

strawberry.enum(ErasureState, name="CustomerErasureState", description="RUNNING until everything of theirs is gone.")


@strawberry.type(description="How many of what an erasure removed.")
class ErasedCount:
    """One room's."""

    what: str = strawberry.field(description="profiles, links, behaviour, consents, inquiries.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="The certificate that a person was erased. Holds nothing of them but ids nobody has now.")
class CustomerErasure:
    """See `model.Erasure`."""

    id: strawberry.ID = strawberry.field(description="era_…")
    customer_id: strawberry.ID = strawberry.field(description="Whom.")
    profile_ids: list[strawberry.ID] = strawberry.field(
        description="All their profiles; every service was told of each."
    )
    actor: str = strawberry.field(description="Who erased: staff:…, customer:…, channel:….")
    state: ErasureState = strawberry.field(description="DONE once nothing is left in this service.")
    begun_at: datetime = strawberry.field(description="When it was asked for.")
    done_at: datetime | None = strawberry.field(description="When nothing was left.")
    removed: list[ErasedCount] = strawberry.field(description="What went.")

    @classmethod
    def of(cls, row: model.Erasure) -> "CustomerErasure":
        """From the model."""
        return cls(
            id=strawberry.ID(row.id),
            customer_id=strawberry.ID(row.customer),
            profile_ids=[strawberry.ID(id) for id in row.profiles],
            actor=row.actor,
            state=row.state,
            begun_at=row.begun_at,
            done_at=row.done_at,
            removed=[ErasedCount(what=what, count=count) for what, count in row.removed.items()],
        )


@strawberry.type(description="The certificate, or why not.")
class CustomerErasePayload(Payload):
    """Of customerErase."""

    erasure: CustomerErasure | None = strawberry.field(
        default=None, description="The certificate; that of then, if they were erased before."
    )

    @classmethod
    def of(cls, row: model.Erasure) -> "CustomerErasePayload":
        """From the model."""
        return cls(erasure=CustomerErasure.of(row))
