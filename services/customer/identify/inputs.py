"""What is told of somebody who was seen."""

from datetime import date, datetime

import strawberry

from services.customer import model
from services.customer.identify.model import Observation
from services.customer.inputs import IdentityInput, PersonNameInput, PostalAddressInput


@strawberry.input(description="Somebody as they were seen; no idempotency key is needed, again changes nothing.")
class CustomerIdentifyInput:
    """See `identify.model.Observation`."""

    identities: list[IdentityInput] = strawberry.field(description="At least one; `verified` where it was proven.")
    at: datetime | None = strawberry.field(default=None, description="When they were seen; now if left out.")
    source: str | None = strawberry.field(default=None, description="Who says so; the caller's channel if null.")
    name: PersonNameInput | None = strawberry.field(default=None, description="The parts of the name.")
    display_name: str | None = strawberry.field(default=None, description="What to call them.")
    emails: list[str] = strawberry.field(default_factory=list, description="To write to; identifies nobody.")
    phones: list[str] = strawberry.field(default_factory=list, description="To call; identifies nobody.")
    addresses: list[PostalAddressInput] = strawberry.field(default_factory=list, description="To send to.")
    birthday: date | None = strawberry.field(default=None, description="Day of birth.")
    language: str | None = strawberry.field(default=None, description="BCP 47: ja, pt-BR.")

    def to_observation(self, channel: str) -> Observation:
        """For the model; `channel` is the caller's."""
        draft = model.CustomerDraft(
            source=self.source or channel,
            name=None if self.name is None else self.name.to_model(),
            display_name=self.display_name,
            emails=tuple(self.emails),
            phones=tuple(self.phones),
            addresses=tuple(address.to_model() for address in self.addresses),
            birthday=self.birthday,
            language=self.language,
            identities=tuple(identity.to_model() for identity in self.identities),
        )
        return Observation(draft, self.at)
