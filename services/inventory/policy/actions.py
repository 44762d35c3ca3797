"""Setting a channel's policy."""

from datetime import datetime

from kit.errors import Refused, VersionConflict
from services.inventory.policy.model import Policy, PolicyDraft, check_policy
from services.inventory.store import InventoryStore


async def set_policy(
    store: InventoryStore, channel: str, draft: PolicyDraft, expected_version: int, *, now: datetime
) -> Policy:
    """Replace the version somebody read; 0 where none was set yet."""
    problems = check_policy(channel, draft)
    if problems:
        raise Refused(*problems)
    kept = await store.policies.put(channel, draft, expected_version, now)
    if kept is None:
        there = await store.policies.get(channel)
        actual = 0 if there is None else there.version
        raise Refused(VersionConflict(expected_version=expected_version, actual_version=actual))
    return kept
