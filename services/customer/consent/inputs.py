"""GraphQL inputs of consent."""

from datetime import datetime

import strawberry

from kit.errors import InvalidInput, Refused
from services.customer.consent.actions import ConsentRequest
from services.customer.consent.types import ContactChannel, Purpose
from services.customer.device.model import device_subject, is_device


@strawberry.input(description="An answer of a customer, or of whoever uses a device.")
class ConsentRecordInput:
    """See `actions.ConsentRequest`."""

    idempotency_key: str = strawberry.field(description="The same key and answer again gives the first record.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Who answered…")
    device: str | None = strawberry.field(
        default=None, description="…or at which device, nobody being logged in: for BEHAVIOUR only."
    )
    purpose: Purpose = strawberry.field(description="For what.")
    channel: ContactChannel | None = strawberry.field(default=None, description="By what; none: by all channels.")
    granted: bool = strawberry.field(description="Yes, or no: taking back is a record like another.")
    text_version: str = strawberry.field(description="The version of the text they read.")
    source: str = strawberry.field(description="Where they answered: web-checkout, paper-form-12.")
    at: datetime | None = strawberry.field(default=None, description="When they answered; now if left out.")

    def to_request(self, secret: bytes) -> ConsentRequest:
        """For the action; Refused unless exactly one of customer and device is named."""
        return ConsentRequest(
            self._subject(secret),
            self.purpose,
            self.channel,
            self.granted,
            self.text_version,
            self.source,
            self.at,
            self.idempotency_key,
        )

    def _subject(self, secret: bytes) -> str:
        if (self.customer_id is None) == (self.device is None):
            expected = "exactly one of customerId and device"
            raise Refused(InvalidInput(expected=expected, got="both" if self.device is not None else "neither"))
        if self.customer_id is not None:
            if is_device(self.customer_id) or not 0 < len(self.customer_id) <= 128:
                raise Refused(InvalidInput(path=("input", "customerId"), expected="a customer's id", got="another"))
            return self.customer_id
        if self.purpose is not Purpose.BEHAVIOUR:
            path, expected = ("input", "purpose"), "BEHAVIOUR: nobody writes to a device"
            raise Refused(InvalidInput(path=path, expected=expected, got=self.purpose.value))
        return device_subject(secret, str(self.device))
