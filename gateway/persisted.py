"""Automatic persisted queries: a client sends the SHA-256 of a query instead of the query, once the gateway knows it.

Speaks the protocol that Apollo's clients began: `extensions.persistedQuery` with `version` 1 and `sha256Hash`. Keeps a
bounded number of queries that were answered, the least recently used out first. This saves bytes; it allows nothing
and forbids nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.cache import BoundedCache, CacheCounts
from gateway.safelist import Safelist

MAX_QUERIES = 1000
"""As many as prepared operations are kept: a shop's frontends have some hundred."""
MAX_CHARACTERS = 4_000_000
"""Of all queries together; a page's query has some thousand."""
VERSION = 1
NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
NOT_FOUND_MESSAGE = "PersistedQueryNotFound"
"""Clients look for exactly this, and send the query along the next time."""

NO_LIST = Safelist()
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PersistedQueryUnknown(Exception):
    """The query behind a hash is not known here (any more)."""


class PersistedQueryInvalid(Exception):
    """The extension is not what the protocol says; the message names the field."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and the hash under which it may be remembered once it has been answered."""

    query: Any
    remember_as: str | None = None


class PersistedQueries:
    """The queries known so far; one a gateway."""

    def __init__(self, queries: int = MAX_QUERIES, characters: int = MAX_CHARACTERS) -> None:
        self._known = BoundedCache[str](queries, characters)

    def complete(self, envelope: Mapping[str, Any], safelist: Safelist = NO_LIST) -> Asked:
        """The query of an envelope, its own or the one its hash stands for, here or on the operator's list.

        A `documentId`, as GraphQL over HTTP has it for trusted documents, is of the list only.
        """
        query, extensions = envelope.get("query"), envelope.get("extensions")
        if not query and "documentId" in envelope:
            listed = safelist.find(envelope["documentId"])
            if listed is None:
                raise PersistedQueryUnknown
            return Asked(listed)
        told = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
        if told is None:
            return Asked(query)
        digest = _digest_of(told)
        if not query:
            known = safelist.find(digest) or self._known.get(digest)
            if known is None:
                raise PersistedQueryUnknown
            return Asked(known)
        if not isinstance(query, str):
            return Asked(query)
        if sha256(query.encode("utf-8", "surrogatepass")).hexdigest() != digest:
            raise PersistedQueryInvalid("extensions.persistedQuery.sha256Hash: is not the SHA-256 of the query")
        return Asked(query, remember_as=digest)

    def remember(self, asked: Asked) -> None:
        """Keep a query that came with its hash and turned out to be a good one."""
        if asked.remember_as is not None:
            self._known.put(asked.remember_as, asked.query, len(asked.query))

    def __len__(self) -> int:
        return len(self._known)

    @property
    def counts(self) -> CacheCounts:
        """How it has served so far."""
        return self._known.counts


def _digest_of(told: Any) -> str:
    if not isinstance(told, Mapping):
        raise PersistedQueryInvalid("extensions.persistedQuery: expected an object")
    if told.get("version") != VERSION:
        raise PersistedQueryInvalid(f"extensions.persistedQuery.version: expected {VERSION}")
    digest = told.get("sha256Hash")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise PersistedQueryInvalid("extensions.persistedQuery.sha256Hash: expected 64 lower-case hex digits")
    return digest
