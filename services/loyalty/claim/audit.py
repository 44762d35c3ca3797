"""Whether claims, pieces and points agree: for `noren doctor` and tests. Exact while nothing is under way."""

from collections import Counter

from services.loyalty.claim.model import UNDECIDED, ClaimState
from services.loyalty.claim.store import ClaimStore
from services.loyalty.reward.store import RewardStore
from services.loyalty.store import LoyaltyStore


async def audit_claims(store: LoyaltyStore) -> list[str]:
    """Every claim whose points are not its state's, and every reward whose pieces are not its claims'."""
    claims, counts = await ClaimStore(store.db).every(), Counter[str]()
    problems: list[str] = []
    pieces = await ClaimStore(store.db).with_a_piece()
    for claim in claims:
        _, entry = await store.look(claim.spending(()))
        is_paid = claim.state not in UNDECIDED
        if claim.state is not ClaimState.TRY and (entry is not None) != is_paid:
            problems.append(f"{claim.id}: {claim.state}, and its points are {'' if entry else 'not '}spent")
        if entry is not None and is_paid and (entry.seq, -entry.points) != (claim.entry_seq, claim.terms.points):
            problems.append(f"{claim.id}: entry {claim.entry_seq}, found {entry.seq} of {entry.points} points")
        counts[claim.terms.reward_id] += claim.id in pieces
    for reward in (await RewardStore(store.db).by_id(sorted(counts))).values():
        if reward.taken != counts[reward.id]:
            problems.append(f"{reward.id}: {reward.taken} pieces taken, {counts[reward.id]} claims have one")
    return problems
