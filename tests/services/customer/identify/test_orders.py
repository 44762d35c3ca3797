"""Whatever is observed, in whatever order: the customers are those of a union-find over what was proven together."""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import Refused
from kit.ids import new_id
from kit.mongo import Document
from services.customer import actions
from services.customer.identify.actions import identify
from services.customer.identify.model import HINT_ORDER, Observation
from services.customer.identity import SHARED, IdentityType
from services.customer.merge.actions import merge, unmerge
from services.customer.merge.model import over_limit
from services.customer.model import CustomerDraft, IdentityDraft
from services.customer.store import CustomerStore

EXAMPLES = int(os.environ.get("NOREN_EXAMPLES", "6"))
ORDERS = 3
Seen = tuple[IdentityType, int, bool]
"""An identity by its kind and number, and whether it was proven."""

CARDS = st.tuples(st.just(IdentityType.CARD), st.integers(0, 2), st.just(True))
MAILS = st.tuples(st.just(IdentityType.EMAIL), st.integers(0, 2), st.booleans())
DEVICES = st.tuples(st.just(IdentityType.DEVICE), st.integers(0, 1), st.just(False))
OBSERVATIONS = st.lists(
    st.lists(st.one_of(CARDS, MAILS, DEVICES), min_size=1, max_size=3, unique_by=lambda seen: seen[:2]),
    min_size=2,
    max_size=5,
)


def expected(observations: list[list[Seen]]) -> dict[tuple[IdentityType, int], object]:
    """The label of whom each identity finds; identities nobody is found by are left out."""
    label: dict[tuple[IdentityType, int], object] = {}
    for seen in observations:
        proof = [one[:2] for one in seen if one[2]]
        joined = {label.get(one, one) for one in proof}
        label |= {one: min(joined, key=repr) for one in proof}
        label = {one: min(joined, key=repr) if of in joined else of for one, of in label.items()}
    for seen in observations:
        if not any(one[2] for one in seen):
            first = min((one[:2] for one in seen), key=lambda one: (HINT_ORDER.index(one[0]), one[1]))
            label.setdefault(first, first)
    for device in [one for one in label if one[0] in SHARED]:
        owners = {label[one[:2]] for seen in observations if (*device, False) in seen for one in seen if one[2]}
        label[device] = owners.pop() if len(owners) == 1 else device
    return label


def spelled(kind: IdentityType, number: int, salt: str) -> str:
    return f"m{number}-{salt}@example.jp" if kind is IdentityType.EMAIL else f"{kind.value}{number}{salt}"


async def run(store: CustomerStore, observations: list[list[Seen]], now: datetime) -> dict[object, str]:
    """Whom each identity finds, after these observations in this order."""
    salt = new_id("x")[2:]
    for place, seen in enumerate(observations):
        identities = tuple(IdentityDraft(kind, spelled(kind, n, salt), proven) for kind, n, proven in seen)
        observation = Observation(CustomerDraft(identities=identities), now + timedelta(seconds=place))
        await identify(store, observation, region="JP", now=now + timedelta(days=1))
    found: dict[object, str] = {}
    for kind, n in {one[:2] for seen in observations for one in seen}:
        customer = await actions.look_up(store, kind, "value", spelled(kind, n, salt), region="JP")
        if customer is not None:
            found[kind, n] = customer.id
            assert over_limit(identity.type for identity in customer.identities) is None
    return found


def partition(found: dict[object, object]) -> set[frozenset[object]]:
    return {frozenset(one for one, of in found.items() if of == label) for label in set(found.values())}


@settings(
    max_examples=EXAMPLES, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(observations=OBSERVATIONS, seed=st.integers(0, 99))
async def test_the_customers_do_not_depend_on_the_order(
    store: CustomerStore, now: datetime, observations: list[list[Seen]], seed: int
) -> None:
    wanted = partition(dict(expected(observations)))
    random = Random(seed)
    for _ in range(ORDERS):
        assert partition(dict(await run(store, observations, now))) == wanted
        random.shuffle(observations)
    assert await actions.audit(store) == []
    await merged_and_parted(store, random, now)


async def merged_and_parted(store: CustomerStore, random: Random, now: datetime) -> None:
    """Whoever of all customers is merged by hand, into whom, and parted again in turn: everything is as it was."""
    before = await everything(store)
    ids = [document["_id"] async for document in store.profiles.find({}, {"_id": 1})]
    merges: list[str] = []
    for n in range(4):
        one, other = random.choice(ids), random.choice(ids)
        with suppress(Refused):
            merges.append((await merge(store, one, other, f"{new_id('k')}:{n}", actor="staff:sato", now=now)).id)
    assert await actions.audit(store) == []
    for id in reversed(merges):
        await unmerge(store, id, actor="staff:sato", now=now)
    assert await everything(store) == before


async def everything(store: CustomerStore) -> list[Document]:
    counted = {"version": 0, "updated_at": 0, "outbox": 0}
    profiles = await store.profiles.find({}, counted).sort("_id").to_list()
    return profiles + await store.claims.collection.find().sort("_id").to_list()
