"""Questions: asked by customers, read by staff, answered by the merchant at once and by customers after staff."""

import asyncio
from typing import Any

import pytest

from kit.errors import NotFound, Refused, VersionConflict
from kit.events import EventLog
from kit.events.log import Position
from services.catalog.events import drainers
from services.catalog.moderation.model import Moderation, Reason, Verdict
from services.catalog.product.actions import upsert_product
from services.catalog.product.model import Product
from services.catalog.question.actions import SeenQuestion, answer_question, ask_question, moderate_question
from services.catalog.question.model import MAX_ANSWERS, Question, Words
from services.catalog.question.store import QUESTION_ANSWERED
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft

PUBLISH, REJECT = Verdict(Moderation.PUBLISHED), Verdict(Moderation.REJECTED, Reason.SPAM)
STAFF = "reviews:moderate"


@pytest.fixture
async def mug(store: CatalogStore) -> Product:
    return await upsert_product(store, draft(), None, now=NOW)


async def published(store: CatalogStore, product: Product) -> Question:
    asked = await ask_question(store, product, "cus_1", Words("Is it big?"), now=NOW)
    return await moderate_question(store, SeenQuestion(asked.id, 1), PUBLISH, now=NOW)


async def test_a_question_is_answered_when_it_is_published(
    store: CatalogStore, event_log: EventLog, mug: Product
) -> None:
    asked = await ask_question(store, mug, "cus_1", Words("Is it big?"), now=NOW)
    with pytest.raises(Refused) as early:
        await answer_question(store, asked.id, None, Words("Yes"), now=NOW)
    assert early.value.refusals == (NotFound(path=("input", "id"), kind="Question", id=asked.id),)

    await moderate_question(store, SeenQuestion(asked.id, 1), PUBLISH, now=NOW)
    await answer_question(store, asked.id, None, Words("Yes"), now=NOW)
    kept = await answer_question(store, asked.id, "cus_2", Words("No"), now=NOW)

    assert [(one.words.body, one.is_published) for one in kept.answers] == [("Yes", True), ("No", False)]
    kept = await moderate_question(store, SeenQuestion(asked.id, kept.version, kept.answers[1].id), PUBLISH, now=NOW)
    assert [one.is_published for one in kept.answers] == [True, True]
    for drainer in drainers(store, event_log):
        await drainer.drain()
    told = [event.data async for event, _ in event_log.backlog([QUESTION_ANSWERED], Position())]
    assert told == [{"questionId": asked.id, "answerId": answer.id} for answer in kept.answers]


async def test_a_decision_is_about_what_was_read(store: CatalogStore, mug: Product) -> None:
    question = await published(store, mug)

    for seen, refusal in (
        (SeenQuestion(question.id, 1), VersionConflict(expected_version=1, actual_version=2)),
        (SeenQuestion("qst_0", 1), NotFound(path=("input", "id"), kind="Question", id="qst_0")),
        (SeenQuestion(question.id, 2, "ans_0"), NotFound(path=("input", "answerId"), kind="Answer", id="ans_0")),
    ):
        with pytest.raises(Refused) as refused:
            await moderate_question(store, seen, REJECT, now=NOW)
        assert refused.value.refusals == (refusal,)


async def test_at_once_no_more_answers_than_there_may_be(store: CatalogStore, mug: Product) -> None:
    question = await published(store, mug)

    tries = (answer_question(store, question.id, f"cus_{n}", Words("Yes"), now=NOW) for n in range(MAX_ANSWERS + 10))
    done = await asyncio.gather(*tries, return_exceptions=True)

    assert sum(isinstance(one, Refused) for one in done) == 10
    assert len((await store.question.by_id([question.id]))[question.id].answers) == MAX_ANSWERS


ASK = """mutation($product: ID!, $customer: ID, $body: String!) {
  questionAsk(input: {productId: $product, customerId: $customer, body: $body}) {
    question { id version state } userErrors { code path } } }"""
PUBLISHING = """mutation($id: ID!) {
  questionModerate(input: {id: $id, expectedVersion: 1, state: PUBLISHED}) { question { id } } }"""
ANSWERING = 'mutation($id: ID!) { questionAnswer(input: {id: $id, body: "Yes"}) { question { id } } }'
SHOWN = '{ product(slug: "mug") { questions { nodes { body answers { body isMerchants state } } totalCount } } }'


async def test_in_the_graph(ask: Ask, mug: Product) -> None:
    async def staff(query: str, **variables: Any) -> Any:
        return (await ask(query, variables, scopes=STAFF))["data"]

    assert "the caller is none" in (await ask(ASK, {"product": mug.id, "body": "?"}))["errors"][0]["message"]
    empty = await staff(ASK, product=mug.id, customer="cus_1", body=" ")
    assert empty["questionAsk"]["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "body"]}]
    asked = (await staff(ASK, product=mug.id, customer="cus_1", body="Is it big?"))["questionAsk"]["question"]
    queue = await staff("{ questionQueue { nodes { id } } }")
    assert queue["questionQueue"]["nodes"] == [{"id": asked["id"]}]
    await staff(PUBLISHING, id=asked["id"])
    await staff(ANSWERING, id=asked["id"])

    shown = (await ask(SHOWN))["data"]["product"]["questions"]
    assert shown["totalCount"] == 1
    (node,) = shown["nodes"]
    assert node["body"] == "Is it big?"
    assert node["answers"][0] == {"body": "Yes", "isMerchants": True, "state": "PUBLISHED"}
