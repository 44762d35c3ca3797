"""Setting rules: the next version, once a key, if nobody has set another since they were read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from kit.errors import IdempotencyKeyReused, Refusal, Refused, VersionConflict
from kit.idempotency import check_key
from services.loyalty.versions.store import VersionStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """Rules to be set on top of `expected_version`. `content` is the fingerprint of all that was asked for."""

    wanted: T
    key: str
    content: str
    expected_version: int
    actor: str
    now: datetime


async def put_in_force(
    store: VersionStore[T],
    setting: Setting[T],
    check: Callable[[T], Sequence[Refusal]],
    number: Callable[[T, int], T],
    *,
    first: int = 0,
) -> T:
    """The rules with the number after the newest, or after `first`; the same key and input again returns them.

    Raises Refused with what `check` finds, for a key used before with other content, or for another newest version.
    """
    check_key(setting.key)
    made = await store.by_key(setting.key)
    if made is None:
        problems = check(setting.wanted)
        if problems:
            raise Refused(*problems)
        newest = await store.newest_number(first)
        rules = number(setting.wanted, newest + 1)
        free = setting.expected_version == newest
        if free and await store.add(rules, setting.key, setting.content, setting.actor, setting.now):
            return rules
        made = await store.by_key(setting.key)
        if made is None:
            actual = await store.newest_number(first)
            raise Refused(VersionConflict(expected_version=setting.expected_version, actual_version=actual))
    rules, known = made
    if known != setting.content:
        raise Refused(IdempotencyKeyReused(key=setting.key))
    return rules
