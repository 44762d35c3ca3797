"""Making and changing rewards, and how members stand to them."""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import IdempotencyKeyReused, NotFound, Refused, VersionConflict
from kit.idempotency import check_key
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.reward.model import Reward, RewardDraft, Shopper, Standing, check_draft, standing
from services.loyalty.reward.store import RewardStore
from services.loyalty.store import LoyaltyStore


async def create_reward(store: LoyaltyStore, draft: RewardDraft, key: str, *, actor: str, now: datetime) -> Reward:
    """A new reward; the same key and input again has the same one, as it is by now."""
    check_key(key)
    rewards = RewardStore(store.db)
    known = await rewards.by_key(key)
    if known is None:
        problems = check_draft(draft)
        if problems:
            raise Refused(*problems)
        made = await rewards.insert(draft, key, actor, now)
        if made is not None:
            store.on_change()
            return made
        known = await rewards.by_key(key)
    assert known is not None, "its key was taken, and nothing removes a reward"
    reward, content = known
    if content != draft.fingerprint:
        raise Refused(IdempotencyKeyReused(key=key))
    return reward


async def change_reward(
    store: LoyaltyStore, id: str, version: int, draft: RewardDraft, *, actor: str, now: datetime
) -> Reward:
    """The next version of a reward; claims keep the terms they were made by."""
    problems = check_draft(draft)
    if problems:
        raise Refused(*problems)
    rewards = RewardStore(store.db)
    kept = await rewards.replace(id, version, draft, actor, now)
    if kept is not None:
        store.on_change()
        return kept
    there = (await rewards.by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Reward", id=id))
    raise Refused(VersionConflict(expected_version=version, actual_version=there.version))


async def standings(
    store: LoyaltyStore, rewards: Sequence[Reward], customer_id: CustomerId, *, now: datetime
) -> list[Standing]:
    """How a member stands to each of these rewards: a handful of queries for all."""
    home = (await store.homes([customer_id])).get(customer_id)
    head = customer_id if home is None else home.customer_id
    wallet_id = wallet_id_of(head)
    wallet = (await store.wallets_by_id([wallet_id])).get(wallet_id)
    member = (await store.ranks.of([head])).get(head)
    claimed = await RewardStore(store.db).claimed(wallet_id, [reward.tally for reward in rewards])
    _, rules = await store.spending.rules_at(now)
    rank = None if member is None else member.rank
    return [standing(reward, Shopper(wallet, rank, claimed[reward.tally], rules.only), now) for reward in rewards]
