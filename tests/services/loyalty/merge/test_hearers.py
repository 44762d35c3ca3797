"""What is heard of a customer while its wallet is merged and parted is posted once, wherever it was posted first."""

from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import audit, post_all
from services.loyalty.merge.actions import merge, unmerge
from services.loyalty.merge.model import Merge, MergeRequest
from services.loyalty.model import CustomerId, EntryKind
from services.loyalty.posting.model import Posting
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.points import give, wallet_of


async def opened(store: LoyaltyStore) -> CustomerId:
    id = CustomerId(new_id("cus"))
    await store.open({id: utc_now()})
    return id


async def join(store: LoyaltyStore, source: CustomerId, into: CustomerId, key: str) -> Merge:
    return await merge(store, MergeRequest(source, into, "DUPLICATE", key, actor="staff:sta_1"), now=utc_now())


async def test_an_event_is_posted_once_though_its_hearer_slept_through_a_merge_and_its_undoing(
    store: LoyaltyStore, member: CustomerId
) -> None:
    twin = await opened(store)
    await give(store, member, 5)
    event = Posting(EntryKind.EARNED, member, 40, "event:e1", "ORDER")
    standings = await store.groups.standings([event.wallet_id], [event.id])
    made = await join(store, member, twin, "m1")
    await post_all(store, [event])
    await unmerge(store, made.id, now=utc_now())
    assert await store.groups.apply([event], {event.wallet_id: standings[event.wallet_id].seen}) == 0
    await post_all(store, [event])
    assert (await wallet_of(store, member)).booked + (await wallet_of(store, twin)).booked == 45
    assert await audit(store) == []


async def test_an_event_is_posted_once_though_the_wallet_it_lies_in_is_two_merges_away(
    store: LoyaltyStore,
) -> None:
    member, middle, top = [await opened(store) for _ in range(3)]
    first = await join(store, member, middle, "m1")
    second = await join(store, middle, top, "m2")
    event = Posting(EntryKind.EARNED, member, 40, "event:e1", "ORDER")
    await post_all(store, [event])
    for made in (second, first):
        await unmerge(store, made.id, now=utc_now())
    await post_all(store, [event])
    wallets = [await wallet_of(store, who) for who in (member, middle, top)]
    assert sum(wallet.booked for wallet in wallets) == 40
    assert await audit(store) == []
