"""Who was seen: found, created or merged; a shared device joins nobody."""

import asyncio
from datetime import datetime, timedelta

import pytest

from kit.errors import InvalidInput, Refused
from kit.events import EventLog
from kit.pages import PageArgs
from services.customer import actions
from services.customer.events import drainers
from services.customer.identify.actions import identify
from services.customer.identify.model import Identified, Observation, Outcome
from services.customer.identity import IdentityType
from services.customer.merge.actions import unmerge
from services.customer.merge.model import CandidateState, EvidenceKind
from services.customer.merge.store import MergeStore
from services.customer.model import Customer, CustomerDraft, IdentityDraft, TooManyIdentities
from services.customer.store import CustomerStore

MAIL = IdentityDraft(IdentityType.EMAIL, "hanako@example.jp", verified=True)
HINT = IdentityDraft(IdentityType.EMAIL, "hanako@example.jp")
CARD = IdentityDraft(IdentityType.CARD, "49012345")
OTHER_CARD = IdentityDraft(IdentityType.CARD, "49012346")
KIOSK = IdentityDraft(IdentityType.DEVICE, "kiosk-ginza-3")


async def see(
    store: CustomerStore, now: datetime, *identities: IdentityDraft, name: str | None = None, source: str = "web"
) -> Identified:
    draft = CustomerDraft(source=source, display_name=name, identities=identities)
    return await identify(store, Observation(draft, now), region="JP", now=now + timedelta(days=9))


async def who(store: CustomerStore, identity: IdentityDraft) -> Customer | None:
    return await actions.look_up(store, identity.type, "value", identity.value, region="JP")


async def open_candidates(store: CustomerStore) -> list[tuple[set[str], EvidenceKind]]:
    page = await MergeStore(store).candidates(CandidateState.OPEN, PageArgs.parse())
    return [(set(one.pair), one.evidence[0].kind) for one in page.nodes]


async def test_somebody_new_is_created_found_again_and_completed(store: CustomerStore, now: datetime) -> None:
    first = await see(store, now, CARD, name="Hanako")
    assert (first.outcome, first.customer.shown_name, first.customer.member_since) == (Outcome.CREATED, "Hanako", now)
    again = await see(store, now, CARD, name="Hanako")
    assert again == Identified(first.customer, Outcome.FOUND)
    more = await see(store, now, MAIL, CARD)
    assert (more.outcome, more.customer.id) == (Outcome.FOUND, first.customer.id)
    assert (await who(store, MAIL)) == more.customer
    assert await actions.audit(store) == []


async def test_customers_whom_one_observation_proves_to_be_one_are_merged_and_the_longer_known_is_kept(
    store: CustomerStore, now: datetime
) -> None:
    newer = await see(store, now + timedelta(days=1), MAIL)
    older = await see(store, now, CARD)
    both = await see(store, now, CARD, MAIL)
    assert (both.outcome, both.customer.id) == (Outcome.MERGED, older.customer.id)
    assert both.customer.members == (newer.customer.id,)
    await unmerge(store, both.merge_ids[0], actor="staff:sato", now=now)
    apart = await see(store, now, CARD, MAIL)
    assert apart.merge_ids == ()
    assert (await who(store, MAIL)) != (await who(store, CARD))


async def test_an_unverified_address_merges_nobody_and_makes_a_candidate(store: CustomerStore, now: datetime) -> None:
    proven = await see(store, now, MAIL)
    other = await see(store, now, CARD, HINT)
    assert other.customer.id != proven.customer.id
    pair = {proven.customer.id, other.customer.id}
    assert await open_candidates(store) == [(pair, EvidenceKind.UNVERIFIED_EMAIL)]
    await see(store, now, CARD, HINT)
    assert len(await open_candidates(store)) == 1


async def test_what_somebody_types_without_proof_overwrites_nothing(store: CustomerStore, now: datetime) -> None:
    await see(store, now, MAIL, name="Hanako")
    after = await see(store, now + timedelta(days=1), HINT, name="Mallory")
    assert (after.outcome, after.customer.shown_name) == (Outcome.FOUND, "Hanako")
    alone = await see(store, now, IdentityDraft(IdentityType.EMAIL, "taro@example.jp"), name="Taro")
    assert alone.customer.shown_name == "Taro"


async def test_a_device_follows_the_one_who_logs_in_and_leaves_when_a_second_does(
    store: CustomerStore, event_log: EventLog, now: datetime
) -> None:
    browsing = await see(store, now, KIOSK)
    assert browsing.customer.anonymous
    hanako = await see(store, now, KIOSK, MAIL)
    assert hanako.customer.members == (browsing.customer.id,)
    assert not hanako.customer.anonymous
    assert (await see(store, now, KIOSK)).customer.id == hanako.customer.id
    taro = await see(store, now, CARD, KIOSK)
    assert taro.customer.members == ()
    assert (await who(store, MAIL) or taro.customer).members == ()
    shared = await see(store, now, KIOSK)
    assert (shared.customer.id, shared.customer.anonymous) == (browsing.customer.id, True)
    one = await see(store, now, CARD, MAIL)
    assert one.outcome is Outcome.MERGED
    assert (await see(store, now, KIOSK)).customer.id == one.customer.id
    await unmerge(store, one.merge_ids[0], actor="staff:sato", now=now)
    assert (await see(store, now, KIOSK)).customer.anonymous
    await drainers(store, event_log)[0].drain()
    told = [event["type"].split(".")[2] async for event in store.journal.find().sort("time")]
    assert (told.count("created"), told.count("stitched"), told.count("unstitched")) == (2, 2, 2)
    assert await actions.audit(store) == []


async def test_the_limits_hold_and_what_they_keep_apart_is_a_candidate(store: CustomerStore, now: datetime) -> None:
    mails = [IdentityDraft(IdentityType.EMAIL, f"m{n}@example.jp", verified=True) for n in range(7)]
    one = await see(store, now, CARD, *mails[:4])
    other = await see(store, now, OTHER_CARD, *mails[4:6])
    both = await see(store, now, CARD, OTHER_CARD)
    assert both.merge_ids == ()
    assert await open_candidates(store) == [({one.customer.id, other.customer.id}, EvidenceKind.VERIFIED_IDENTITY)]
    await see(store, now, CARD, IdentityDraft(IdentityType.EMAIL, "m8@example.jp", verified=True))
    with pytest.raises(Refused) as refused:
        await see(store, now, CARD, mails[6])
    assert list(refused.value.refusals) == [
        TooManyIdentities(path=("input", "identities"), type=IdentityType.EMAIL, limit=5)
    ]
    assert await who(store, mails[6]) is None


async def test_callers_at_one_time_make_one_customer(store: CustomerStore, now: datetime) -> None:
    seen = [(CARD,), (MAIL,), (CARD, MAIL), (MAIL, KIOSK), (KIOSK,), (CARD, KIOSK)] * 2
    done = await asyncio.gather(*[see(store, now, *identities) for identities in seen], return_exceptions=True)
    for identities, outcome in zip(seen, done, strict=True):
        if isinstance(outcome, BaseException):  # interrupted again and again: it may be tried again
            await see(store, now, *identities)
    customer = await who(store, CARD)
    assert customer is not None
    assert await who(store, MAIL) == customer
    assert await who(store, KIOSK) == customer
    assert await actions.audit(store) == []


async def test_what_a_crashed_worker_did_not_look_at_is_looked_at_by_the_sweep(
    store: CustomerStore, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await see(store, now, KIOSK)

    async def die(*_: object) -> None:
        raise RuntimeError("crashed")

    with monkeypatch.context() as patched:
        patched.setattr("services.customer.identify.actions.settle", die)
        with pytest.raises(RuntimeError):
            await see(store, now, KIOSK, CARD)
    assert (await who(store, KIOSK)) != (await who(store, CARD))
    later = now + timedelta(days=10)
    assert await actions.sweep(store, now=later) == 1
    assert await who(store, KIOSK) == await who(store, CARD)
    assert await actions.sweep(store, now=later) == 0


@pytest.mark.parametrize(
    ("identities", "at_days", "path"),
    [((), 0, "input.identities"), ((CARD,), 10, "input.at"), ((IdentityDraft(IdentityType.POS, "000"),), 0,
      "input.identities.0.value")],
    ids=["nothing", "from-the-future", "a-placeholder"],
)  # fmt: skip
async def test_what_says_nothing_is_refused(
    store: CustomerStore, now: datetime, identities: tuple[IdentityDraft, ...], at_days: int, path: str
) -> None:
    with pytest.raises(Refused) as refused:
        await see(store, now + timedelta(days=at_days), *identities) if at_days == 0 else await identify(
            store,
            Observation(CustomerDraft(identities=identities), now + timedelta(days=at_days)),
            region="JP",
            now=now,
        )
    [problem] = refused.value.refusals
    assert isinstance(problem, InvalidInput)
    assert ".".join(problem.path) == path
