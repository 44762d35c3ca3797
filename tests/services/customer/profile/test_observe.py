"""Values as they are kept: the latest of each source, whatever order they came in."""

import asyncio
from datetime import datetime, timedelta
from itertools import permutations

from services.customer import actions
from services.customer.model import Customer, CustomerChanges, CustomerDraft
from services.customer.profile.model import Rule, Survivorship, Trait
from services.customer.profile.store import observe
from services.customer.store import CustomerStore


async def make(store: CustomerStore, key: str, now: datetime) -> Customer:
    return await actions.create(store, CustomerDraft(language="ja"), key, region="JP", reveal=False, now=now)


async def test_the_kept_values_do_not_depend_on_the_order_of_arrival(store: CustomerStore, now: datetime) -> None:
    told = [
        Trait("language", "web", now + timedelta(days=1), "en"),
        Trait("language", "web", now + timedelta(days=1), "fr"),
        Trait("language", "web", now, "de"),
        Trait("language", "pos", now + timedelta(days=2), "it", edited=True),
    ]
    kept = set()
    for n, order in enumerate(permutations(told)):
        made = await make(store, f"k{n}", now)
        for trait in order[:-1]:
            assert await observe(store, made.id, [trait, trait], now)
        assert await observe(store, made.id, [order[-1]], now)
        [document] = await store.profiles.find({"_id": made.id}).to_list()
        assert len(document["traits"]) == 3
        after = (await store.customers_by_id([made.id]))[made.id]
        kept.add(frozenset((t.source, t.at) for t in after.traits))
        assert after.language == "it"
    assert len(kept) == 1


async def test_writers_at_one_time_lose_no_value(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k", now)
    told = [Trait("language", f"s{n}", now + timedelta(seconds=n), "ja") for n in range(20)]
    await asyncio.gather(*[observe(store, made.id, [trait], now) for trait in told])
    after = (await store.customers_by_id([made.id]))[made.id]
    assert {trait.source for trait in after.traits} == {"noren"} | {f"s{n}" for n in range(20)}
    assert after.version == made.version + 20


async def test_a_rule_decides_what_is_shown_without_rewriting_anything(store: CustomerStore, now: datetime) -> None:
    made = await make(store, "k", now)
    await observe(store, made.id, [Trait("language", "web", now + timedelta(days=1), "en")], now)
    assert (await store.customers_by_id([made.id]))[made.id].language == "en"
    trusting = CustomerStore(store.db, b"i" * 32, b"v" * 32, Survivorship({"language": Rule.TRUSTED}, ("noren",)))
    assert (await trusting.customers_by_id([made.id]))[made.id].language == "ja"
    await actions.update(store, made.id, 2, CustomerChanges(language=None), source="web", now=now + timedelta(days=2))
    assert (await trusting.customers_by_id([made.id]))[made.id].language is None
