"""Bring balances of another system into wallets: decide each difference and keep it, then post it, each once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kit.errors import Refused, Unavailable
from services.loyalty.actions import post_all
from services.loyalty.balances.model import Balance, Kept
from services.loyalty.balances.store import BalanceStore
from services.loyalty.posting.model import Posting
from services.loyalty.store import LoyaltyStore

BATCH = 500
"""Balances at a time: as many postings as one bulk takes."""
MAX_ATTEMPTS = 5
"""Two imports of one source at one moment meet; more than that is a mistake."""


@dataclass(slots=True)
class Brought:
    """What became of balances: points added and taken back, and the ids of those that say what was there."""

    added: int = 0
    taken_back: int = 0
    unchanged: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


async def bring_balances(store: LoyaltyStore, balances: Sequence[Balance]) -> Brought:
    """Post the differences to what these accounts were brought to before; the same balances again move nothing.

    At most one balance an id. A step that a crash has kept but not posted is posted first, under its own key.
    """
    brought, kept_in = Brought(), BalanceStore(store.db)
    for start in range(0, len(balances), BATCH):
        batch = {balance.id: balance for balance in balances[start : start + BATCH]}
        for _ in range(MAX_ATTEMPTS):
            if await _bring(store, kept_in, batch, brought):
                break
        else:
            raise Unavailable("another import of the same source is under way; run it again when that is over")
    return brought


async def _bring(store: LoyaltyStore, kept_in: BalanceStore, batch: dict[str, Balance], brought: Brought) -> bool:
    known = await kept_in.find(list(batch))
    await _post(store, kept_in, [one for one in known.values() if not one.is_posted], Brought())
    known = await kept_in.find(list(batch))
    steps = {id: known.get(id, Kept(balance)).brought_to(balance) for id, balance in batch.items()}
    changed = [step for id, step in steps.items() if step is not known.get(id)]
    if not await kept_in.save(changed):
        return False
    brought.unchanged |= {id for id, step in steps.items() if step is known.get(id)}
    await _post(store, kept_in, changed, brought)
    return True


async def _post(store: LoyaltyStore, kept_in: BalanceStore, steps: Sequence[Kept], brought: Brought) -> None:
    """Post the steps; one that its wallet refuses is undone and named."""
    postings = [posting for step in steps if (posting := step.posting) is not None]
    try:
        await post_all(store, postings)
        done = list(steps)
    except Refused:
        done = [step for step in steps if await _post_one(store, kept_in, step, step.posting, brought)]
    await kept_in.posted(done)
    brought.added += sum(step.moved for step in done if step.moved > 0)
    brought.taken_back -= sum(step.moved for step in done if step.moved < 0)


async def _post_one(
    store: LoyaltyStore, kept_in: BalanceStore, step: Kept, posting: Posting | None, brought: Brought
) -> bool:
    try:
        await post_all(store, [] if posting is None else [posting])
    except Refused as refused:
        await kept_in.undo(step)
        brought.refused[step.balance.id] = str(refused)
        return False
    return True
