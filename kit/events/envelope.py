"""An event as CloudEvents 1.0 has it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.mongo import Document

SPEC_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is unique for ever and is what consumers deduplicate by; `subject` is the object it is about."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]

    def to_document(self) -> Document:
        """The envelope with the attribute names of CloudEvents 1.0, plus `_id`."""
        return {
            "_id": self.id,
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time,
            "datacontenttype": "application/json",
            "data": self.data,
        }

    @classmethod
    def from_document(cls, document: Document) -> "Event":
        """From the log."""
        return cls(
            id=document["id"],
            source=document["source"],
            type=document["type"],
            subject=document["subject"],
            time=document["time"],
            data=document["data"],
        )
