"""After an erasure nothing of catalog names the customer; what they wrote and how it was counted stays."""

import bson
import pytest

from kit.events import Event, EventLog
from services.catalog.erasure.events import CUSTOMER_ERASED
from services.catalog.events import consumers
from services.catalog.moderation.model import Moderation, Verdict
from services.catalog.product.actions import upsert_product
from services.catalog.product.model import Product
from services.catalog.purchase.store import Purchase
from services.catalog.question.actions import SeenQuestion, answer_question, ask_question, moderate_question
from services.catalog.question.model import Words
from services.catalog.review.actions import Seen, moderate_review, submit_review, vote_review
from services.catalog.review.model import Author, ReviewDraft
from services.catalog.shopper.actions import put_shopper
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import NOW, draft

PUBLISH = Verdict(Moderation.PUBLISHED)
THEM, OTHER = "cus_hanako", "cus_taro"


@pytest.fixture
async def mug(store: CatalogStore) -> Product:
    return await upsert_product(store, draft(), None, now=NOW)


async def dump(store: CatalogStore) -> bytes:
    """But for what was told: the journal keeps ids that point to nobody."""
    names = [name for name in await store.db.list_collection_names() if name != "journal"]
    kept = [document for name in names for document in await store.db[name].find({}, {"outbox": 0}).to_list()]
    return b"".join(bson.encode(document) for document in kept)


async def test_nothing_names_who_was_erased(store: CatalogStore, event_log: EventLog, mug: Product) -> None:
    for n, (customer, nickname, voter) in enumerate(((THEM, "hana-chan", OTHER), (OTHER, "taro-kun", THEM))):
        await put_shopper(store, customer, frozenset({"vip"}), "GOLD", now=NOW)
        await store.shopper.add_orders([(f"ord_{n}", customer)])
        await store.purchase.keep([Purchase(f"ord_{n}", "MUG", 1, customer)])
        written = await submit_review(
            store, mug, Author(customer, "web"), ReviewDraft(5, "Nice", nickname=nickname), now=NOW
        )
        review = await moderate_review(store, Seen(written.id, 1), PUBLISH, now=NOW)
        await vote_review(store, review.id, voter, helpful=True)
        asked = await ask_question(store, mug, customer, Words("Is it big?", nickname), now=NOW)
        question = await moderate_question(store, SeenQuestion(asked.id, 1), PUBLISH, now=NOW)
        await answer_question(store, question.id, THEM, Words("Yes", "hana-chan"), now=NOW)
    event = Event("cus_hanako:erased", "/noren/customer", CUSTOMER_ERASED, THEM, NOW, {"customerId": THEM})
    await event_log.append([event])
    erasures = next(one for one in consumers(store, event_log) if one._name == "catalog-erasures")
    for _ in range(2):
        await erasures.catch_up()
        kept = await dump(store)
        assert b"hanako" not in kept
        assert b"hana-chan" not in kept
    assert kept.count(b"cus_taro") > 4
    assert kept.count(b"taro-kun") == 2
    reviews = await store.review.reviews.find().to_list()
    assert sorted((one["helpful"], one["voters"], one["title"]) for one in reviews) == [
        (1, [], "Nice"),
        (1, [OTHER], "Nice"),
    ]
