"""What happened, told once and heard by everybody: outbox, event log, consumers.

A change writes its events into an array of the document it changes (`outbox`). The drainer copies them into the
service's journal and into the event log, both with the event's id as `_id`, and only then removes them from the
document: a crash at any point repeats a step that changes nothing. Consumers read the log at least once, each with
its own checkpoint, and drop what they have by event id.
"""

from kit.events.consumer import Consumer, Handler
from kit.events.envelope import Event
from kit.events.log import EventLog, open_event_log
from kit.events.outbox import Drainer, Teller, nudge_all, outbox_entry

__all__ = [
    "Consumer",
    "Drainer",
    "Event",
    "EventLog",
    "Handler",
    "Teller",
    "nudge_all",
    "open_event_log",
    "outbox_entry",
]
