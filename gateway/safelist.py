"""Operations that clients were built with: known by their id or text, and the only ones that some keys may send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

NOT_LISTED = "OPERATION_NOT_SAFELISTED"
NOT_LISTED_MESSAGE = "This key may only send operations that are on the gateway's list; this one is not."
EVERYBODY = "*"
MAX_OPERATIONS = 20_000
"""Of several years' releases of an app."""
MAX_BYTES = 50_000_000


class SafelistRefused(ValueError):
    """The file is no list of operations; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Safelist:
    """The operations by id and by their SHA-256, and the names of the keys that may send no others."""

    by_id: Mapping[str, str] = field(default_factory=dict)
    by_digest: Mapping[str, str] = field(default_factory=dict)
    required_of: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: Path | None, required_of: frozenset[str]) -> "Safelist":
        """From a JSON object of id → document (Relay's), or Apollo's manifest; raises `SafelistRefused`."""
        if path is None:
            return cls()
        try:
            by_id = _operations(orjson.loads(path.read_bytes()[: MAX_BYTES + 1]))
        except (OSError, orjson.JSONDecodeError, UnicodeDecodeError) as error:
            raise SafelistRefused(f"{path}: cannot be read: {error}") from error
        if by_id is None or len(by_id) > MAX_OPERATIONS:
            expected = 'expected {"id": "document"} or {"operations": [{"id": …, "body": …}]}'
            raise SafelistRefused(f"{path}: {expected}, at most {MAX_OPERATIONS} operations")
        return cls(by_id, {_digest(document): document for document in by_id.values()}, required_of)

    def find(self, identity: Any) -> str | None:
        """The operation of an id, or of its SHA-256, which may be written `sha256:…`."""
        if not isinstance(identity, str):
            return None
        return self.by_id.get(identity) or self.by_digest.get(identity.removeprefix("sha256:"))

    def refuses(self, caller: str, query: str) -> bool:
        """Whether this caller may not send this operation."""
        if not self.required_of or not (caller in self.required_of or EVERYBODY in self.required_of):
            return False
        return _digest(query) not in self.by_digest


def _digest(document: str) -> str:
    return sha256(document.encode("utf-8", "surrogatepass")).hexdigest()


def _operations(content: Any) -> dict[str, str] | None:
    if not isinstance(content, dict):
        return None
    listed = content.get("operations")
    if isinstance(listed, list):
        pairs = [(one.get("id"), one.get("body")) for one in listed if isinstance(one, dict)]
        if len(pairs) != len(listed):
            return None
    else:
        pairs = list(content.items())
    texts = {name: document for name, document in pairs if isinstance(name, str) and isinstance(document, str)}
    return texts if len(texts) == len(pairs) else None
