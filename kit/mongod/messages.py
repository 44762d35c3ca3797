"""What a keeper tells the holders of its leases: one line of JSON each. Holders say nothing; they only hang up."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """The start goes on; `text` says what for."""

    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """mongod is a writable primary at `url`."""

    url: str
    version: str
    keeper_pid: int
    mongod_pid: int


@dataclass(frozen=True, slots=True)
class Failed:
    """mongod does not run, or has ended by itself."""

    reason: str
    log_tail: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another keeper serves this data directory: ask it."""

    keeper_pid: int


Message = Waiting | Ready | Failed | Elsewhere
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Waiting, Ready, Failed, Elsewhere)}


def encode(message: Message) -> bytes:
    """The message as one line."""
    return json.dumps({"kind": type(message).__name__, **asdict(message)}).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message in a line; ValueError for what no keeper of this version says."""
    try:
        facts = json.loads(line)
        return _KINDS[facts.pop("kind")](**facts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a keeper's message: {line!r}") from error
