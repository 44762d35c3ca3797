"""What changes a key: made, rotated, revoked; each is recorded with who did it."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.keys.model import (
    Holder,
    Key,
    KeyDraft,
    KeyEnded,
    KeyState,
    LiveSecret,
    check_draft,
    check_overlap,
    check_reason,
    rotated,
)
from gateway.keys.secret import digest_of, new_key, new_key_id
from gateway.keys.store import KeyStore
from kit.errors import NotFound, Refused
from kit.ids import new_id
from kit.mongo import Document


@dataclass(frozen=True, slots=True)
class Shown:
    """A key, and its secret: the only time anybody sees it."""

    key: Key
    secret: str = field(repr=False)


async def create_key(
    store: KeyStore, pepper: bytes, draft: KeyDraft, *, actor: str, now: datetime, holder: Holder | None = None
) -> Shown:
    """Make a key; Refused with every reason why not. By the graph, `holder` is who bounds it."""
    check_draft(draft, now, holder)
    id = new_key_id()
    secret = new_key(draft.environment, id)
    key = Key(id, draft, (LiveSecret(digest_of(pepper, secret), now),), now)
    facts = {"name": draft.name, "kind": draft.kind.value, "scopes": sorted(draft.grant.scopes)}
    await store.add(key, _record("created", actor, now, facts))
    return Shown(key, secret)


async def rotate_key(
    store: KeyStore,
    pepper: bytes,
    id: str,
    *,
    overlap: timedelta,
    actor: str,
    now: datetime,
    holder: Holder | None = None,
) -> Shown:
    """Give a key a new secret; the old one opens for `overlap` more. By the graph, `holder` is who bounds it."""
    check_overlap(overlap)
    while True:
        key = await _living(store, id, now)
        if holder is not None and (beyond := holder.beyond(key.draft.grant)):
            raise Refused(*beyond)
        secret = new_key(key.draft.environment, id)
        after = rotated(key, digest_of(pepper, secret), overlap, now)
        if await store.put(after, _record("rotated", actor, now, {"overlap_s": int(overlap.total_seconds())})):
            return Shown(after, secret)


async def revoke_key(store: KeyStore, id: str, *, reason: str, actor: str, now: datetime) -> Key:
    """End a key at once, with all its secrets; one that is revoked already stays as it is."""
    check_reason(reason)
    while True:
        key = await store.find(id)
        if key is None:
            raise Refused(NotFound(path=("id",), kind="key", id=id))
        if key.revoked_at is not None:
            return key
        after = replace(key, revoked_at=now, secrets=(), version=key.version + 1)
        if await store.put(after, _record("revoked", actor, now, {"reason": reason})):
            return after


async def _living(store: KeyStore, id: str, now: datetime) -> Key:
    key = await store.find(id)
    if key is None:
        raise Refused(NotFound(path=("id",), kind="key", id=id))
    if (state := key.state(now)) is not KeyState.ACTIVE:
        raise Refused(KeyEnded(id=id, state=state))
    return key


def _record(what: str, actor: str, at: datetime, facts: Document) -> Document:
    return {"id": new_id("chg"), "what": what, "actor": actor, "at": at, "facts": facts}
