"""Freeze and let go."""

from kit.idempotency import check_key
from services.loyalty.actions import post
from services.loyalty.freeze.model import FreezeRequest, check_freeze
from services.loyalty.store import LoyaltyStore, Posted


async def set_frozen(store: LoyaltyStore, request: FreezeRequest) -> Posted:
    """Freeze or let go; what is frozen already, or not at all, refuses."""
    check_key(request.idempotency_key)
    return await post(store, request.posting, check_freeze(request))
