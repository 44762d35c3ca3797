"""The thread through one request, in the words of W3C Trace Context: taken up where a caller brings one, else begun."""

import re
import secrets
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_NO_TRACE = "0" * 32
_NO_PARENT = "0" * 16


@dataclass(frozen=True, slots=True)
class Trace:
    """`id` is for people and logs, `parent` the `traceparent` header that goes on to the subgraphs."""

    id: str
    parent: str

    @classmethod
    def begin(cls) -> "Trace":
        """Begin one, not sampled: whether to record is for those who do."""
        trace_id = secrets.token_hex(16)
        return cls(trace_id, f"00-{trace_id}-{secrets.token_hex(8)}-00")

    @classmethod
    def of(cls, traceparent: str | None) -> "Trace":
        """Take up a valid `traceparent` unchanged, since the gateway records no span of its own; else begin."""
        match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if match is None or traceparent is None:
            return cls.begin()
        version, trace_id, parent_id, more = match.groups()
        if version == "ff" or trace_id == _NO_TRACE or parent_id == _NO_PARENT or (version == "00" and more):
            return cls.begin()
        return cls(trace_id, f"00-{trace_id}-{parent_id}-{traceparent[53:55]}")
