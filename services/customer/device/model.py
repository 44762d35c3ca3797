"""Whose a device is. No I/O.

What was done at a device without logging in belongs to the one person who was ever seen there. As soon as a second
person is seen, or the shop says that the device is its own, it belongs to nobody: a family's tablet never shows one
what another looked for. What people do while they are logged in is theirs in any case. The rule asks who was seen, not
in which order, so late events change nothing about it; and it counts persons, not profiles, so a merge gives back
what its two profiles shared, and an unmerge takes it away.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.customer.kin.model import Person

PREFIX: Final = "dev_"
MAX_SEEN: Final = 10
"""Profiles remembered of one device; one with more is nobody's, whatever is merged later."""
MAX_OF_PERSON: Final = 100
"""Devices that are read for one person, the last seen ones: a new cookie every week for two years."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device by its keyed name, and the profiles seen there."""

    subject: str
    customers: frozenset[str] = frozenset()
    shared: bool = False

    def owner(self, persons: Mapping[str, Person]) -> Person | None:
        """The one person it is; None if it is the shop's, nobody's, or several people's."""
        if not self.customers:
            return None
        person = persons[min(self.customers)]
        return person if self.is_of(person) else None

    def is_of(self, person: Person) -> bool:
        """Whether it is this person's and nobody else's."""
        return not self.shared and 0 < len(self.customers) < MAX_SEEN and self.customers <= person.ids


def device_subject(secret: bytes, device: str) -> str:
    """What a device is called here: who reads our database has nobody's cookie."""
    return PREFIX + hmac.new(secret, b"device:" + device.encode(), hashlib.sha256).hexdigest()[:32]


def is_device(subject: str) -> bool:
    """Whether a subject is a device's, and not a customer's."""
    return subject.startswith(PREFIX)
