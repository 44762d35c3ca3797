"""What catalog hears of rewards, by contract with loyalty.

`noren.loyalty.reward_claimed.v1` {claimId, customerId, kind, promotionId, validUntil}: of the kind COUPON, makes it.
`noren.loyalty.reward_coupon_asked.v1` {claimId, ask}: takes it away if it is unused, and answers by
`noren.catalog.reward_coupon_answered.v1` {claimId, ask, answer}, which also says that a coupon could not be made.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kit.events import Event
from services.catalog.coupon.model import coupon_id
from services.catalog.reward.model import Claimed, batch_of, code_of
from services.catalog.store import CatalogStore

REWARD_CLAIMED: Final = "noren.loyalty.reward_claimed.v1"
COUPON_ASKED: Final = "noren.loyalty.reward_coupon_asked.v1"
HEARD = (REWARD_CLAIMED, COUPON_ASKED)
COUPON: Final = "COUPON"


class RewardEventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


async def hear_rewards(store: CatalogStore, events: Sequence[Event]) -> None:
    """Each in turn. The same events again, or a claim's after its question, leave the same coupons."""
    for event in events:
        try:
            if event.type == COUPON_ASKED:
                await _ask(store, str(event.data["claimId"]), int(event.data["ask"]), event.time)
            elif event.data["kind"] == COUPON:
                await _make(store, _claimed(event))
        except (KeyError, TypeError, ValueError) as error:
            raise RewardEventNotUnderstood(f"{event.type} {event.id}: {error!r}") from error


async def _make(store: CatalogStore, claimed: Claimed) -> None:
    id = _coupon_id(store, claimed.claim_id)
    batch = batch_of(claimed.claim_id, store.keys.coupon_drawing, claimed.terms, claimed.claimed_at)
    if not await store.reward.is_known(id):
        promotion = (await store.promotion.by_id([claimed.promotion_id])).get(claimed.promotion_id)
        if promotion is None or not promotion.draft.conditions.needs_coupon:
            await store.reward.refuse(claimed.claim_id, id, batch.id, claimed.claimed_at)
            return
    await store.reward.make(claimed.claim_id, id, batch)


async def _ask(store: CatalogStore, claim_id: str, ask: int, now: datetime) -> None:
    await store.reward.revoke(claim_id, _coupon_id(store, claim_id), f"cbt_{claim_id.partition('_')[2]}", ask, now)


def _coupon_id(store: CatalogStore, claim_id: str) -> str:
    return coupon_id(store.keys.coupon_keeping, code_of(claim_id, store.keys.coupon_drawing))


def _claimed(event: Event) -> Claimed:
    data = event.data
    until = datetime.fromisoformat(data["validUntil"])
    return Claimed(str(data["claimId"]), str(data["customerId"]), str(data["promotionId"]), until, event.time)
