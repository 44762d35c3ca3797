"""Threads: one for all channels, each message once, and the customer sees theirs."""

import asyncio
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, VersionConflict
from kit.pages import PageArgs
from services.customer.inquiry.actions import Asked, assign, open_inquiry, say, set_state
from services.customer.inquiry.model import (
    Author,
    Inquiry,
    InquiryChannel,
    InquiryClosed,
    InquiryFull,
    InquiryState,
    Letter,
    check_name,
    check_text,
)
from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW, Ask
from tests.services.customer.family import merge
from tests.services.customer.test_graph import code, make

ACTOR = "staff:mai"
LINE, PHONE = InquiryChannel.LINE, InquiryChannel.PHONE


def letter(key: str, author: Author = Author.CUSTOMER, body: str = "靴が届きません") -> Letter:
    return Letter(author, LINE, body, key)


async def begin(store: CustomerStore, key: str = "k1", customer: str | None = None) -> Inquiry:
    return await open_inquiry(store, Asked(customer, LINE, "届かない", letter(key)), ACTOR, now=NOW)


async def refusal(asked: Any) -> Refusal:
    with pytest.raises(Refused) as refused:
        await asked
    (only,) = refused.value.refusals
    return only


async def test_a_thread_told_by_several_at_once_is_one_and_each_message_is_there_once(store: CustomerStore) -> None:
    opened = await asyncio.gather(*(begin(store) for _ in range(8)))
    assert len({inquiry.id for inquiry in opened}) == 1
    id = opened[0].id
    await asyncio.gather(*(say(store, id, letter(f"m{n % 5}"), ACTOR, now=NOW) for n in range(20)))
    there = (await store.inquiry.by_id([id]))[id]
    assert (there.messages, there.version) == (6, 6)
    thread = (await store.inquiry.threads([id]))[id]
    assert [message.number for message in thread.messages] == [1, 2, 3, 4, 5, 6]
    assert len(thread.history) == 6
    assert await store.db["member_keys"].count_documents({}) == 1, "keys of threads that were not begun are gone"


async def test_a_key_with_other_words_is_refused(store: CustomerStore) -> None:
    inquiry = await begin(store)
    other = open_inquiry(store, Asked(None, PHONE, "届かない", letter("k1")), ACTOR, now=NOW)
    assert isinstance(await refusal(other), IdempotencyKeyReused)
    await say(store, inquiry.id, letter("m1"), ACTOR, now=NOW)
    said = say(store, inquiry.id, letter("m1", body="別の話"), ACTOR, now=NOW)
    assert isinstance(await refusal(said), IdempotencyKeyReused)


async def test_whose_turn_it_is_follows_who_spoke(store: CustomerStore) -> None:
    inquiry = await begin(store)
    assert inquiry.state is InquiryState.OPEN
    turns = []
    for n, author in enumerate([Author.STAFF, Author.NOTE, Author.CUSTOMER, Author.NOTE]):
        inquiry = await say(store, inquiry.id, letter(f"m{n}", author), ACTOR, now=NOW)
        turns.append(inquiry.state.value)
    assert turns == ["WAITING", "WAITING", "OPEN", "OPEN"]
    inquiry = await set_state(store, inquiry.id, inquiry.version, InquiryState.RESOLVED, ACTOR, now=NOW)
    inquiry = await say(store, inquiry.id, letter("again"), ACTOR, now=NOW)
    assert inquiry.state is InquiryState.OPEN
    inquiry = await set_state(store, inquiry.id, inquiry.version, InquiryState.CLOSED, ACTOR, now=NOW)
    assert isinstance(await refusal(say(store, inquiry.id, letter("late"), ACTOR, now=NOW)), InquiryClosed)
    assert (await say(store, inquiry.id, letter("again"), ACTOR, now=NOW)).version == inquiry.version, "told again"
    reopened = set_state(store, inquiry.id, inquiry.version, InquiryState.OPEN, ACTOR, now=NOW)
    assert isinstance(await refusal(reopened), InquiryClosed)


async def test_of_several_who_take_a_thread_at_once_one_gets_it(store: CustomerStore) -> None:
    inquiry = await begin(store)
    takers = [assign(store, inquiry.id, inquiry.version, f"staff{n}", ACTOR, now=NOW) for n in range(6)]
    done = await asyncio.gather(*takers, return_exceptions=True)
    took = [one for one in done if isinstance(one, Inquiry)]
    assert len(took) == 1
    lost = [one.refusals[0] for one in done if isinstance(one, Refused)]
    assert lost == [VersionConflict(expected_version=1, actual_version=2)] * 5
    there = (await store.inquiry.by_id([inquiry.id]))[inquiry.id]
    assert there.assignee == took[0].assignee


async def test_a_full_thread_takes_no_more(store: CustomerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("store", "actions"):
        monkeypatch.setattr(f"services.customer.inquiry.{module}.MAX_MESSAGES", 3)
    inquiry = await begin(store)
    done = await asyncio.gather(
        *(say(store, inquiry.id, letter(f"m{n}"), ACTOR, now=NOW) for n in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, Inquiry) for one in done) == 2
    full = [one.refusals[0] for one in done if isinstance(one, Refused)]
    assert full == [InquiryFull(path=("input", "inquiryId"), id=inquiry.id, limit=3)] * 3


async def test_nothing_anybody_wrote_lies_in_the_clear_and_erasing_destroys_the_keys(
    store: CustomerStore, ask: Ask
) -> None:
    whose = await make(ask)
    await begin(store, customer=whose)
    other = await begin(store, "k2")
    assert "届" not in str(await store.inquiry.collection.find().to_list())
    assert await store.inquiry.erase(whose) == 1
    assert [row["_id"] async for row in store.inquiry.collection.find({}, {"_id": 1})] == [other.id]
    assert await store.db["member_keys"].count_documents({"_id": {"$regex": "^inq_"}}) == 1


async def test_a_thread_without_its_key_is_left_out(store: CustomerStore) -> None:
    inquiry = await begin(store)
    await store.vault.destroy([inquiry.id])
    assert await store.inquiry.by_id([inquiry.id]) == {}
    assert (await store.inquiry.page_of([], PageArgs())).nodes == []
    assert isinstance(await refusal(say(store, inquiry.id, letter("m"), ACTOR, now=NOW)), NotFound)


def test_texts_and_names_have_bounds() -> None:
    assert check_text("a", 1, ()) == check_name(None, ()) == check_name("mai", ()) == []
    bad = [
        *check_text(" ", 9, ("b",)),
        *check_text("ab", 1, ("b",)),
        *check_name("", ("n",)),
        *check_name("a\n", ("n",)),
    ]
    assert [problem.path for problem in bad] == [("b",), ("b",), ("n",), ("n",)]


OPEN = """mutation ($input: InquiryOpenInput!) { inquiryOpen(input: $input) {
  inquiry { id state version assignee messages { nodes { author actor body } } } userErrors { __typename path } } }"""
SAY = """mutation ($input: InquiryMessageAddInput!) { inquiryMessageAdd(input: $input) {
  inquiry { version state } userErrors { __typename } } }"""
ASSIGN = """mutation ($input: InquiryAssignInput!) { inquiryAssign(input: $input) {
  inquiry { assignee version } userErrors { __typename ... on VersionConflict { actualVersion } } } }"""
STATE = """mutation ($input: InquiryStateSetInput!) { inquiryStateSet(input: $input) {
  inquiry { state } userErrors { __typename } } }"""
WHOSE = """mutation ($input: InquiryCustomerSetInput!) { inquiryCustomerSet(input: $input) {
  inquiry { version } userErrors { __typename } } }"""
ONE = """query ($id: ID!) { inquiry(id: $id) { subject assignee history { act value actor }
  messages { totalCount nodes { number author body actor channel } } } }"""
THEIRS = """query ($id: ID!) { customer(id: $id) { inquiries { nodes { id subject state } } } }"""
ALL = """query ($state: InquiryState, $who: String) { inquiries(state: $state, assignee: $who) { nodes { id } } }"""
STAFF = "inquiries:read inquiries:write customers:read"


async def test_staff_of_every_channel_see_the_thread_and_the_customer_only_what_is_for_them(ask: Ask) -> None:
    whose = await make(ask)
    first = {"idempotencyKey": "line:1", "channel": "LINE", "subject": "届かない", "body": "靴が届きません"}
    opened = (await ask(OPEN, {"input": first}, customer=whose))["data"]["inquiryOpen"]["inquiry"]
    assert opened["messages"]["nodes"] == [{"author": "CUSTOMER", "actor": None, "body": "靴が届きません"}]
    id = opened["id"]
    note = {"inquiryId": id, "idempotencyKey": "n", "author": "NOTE", "channel": "COUNTER", "body": "倉庫に確認"}
    reply = note | {"idempotencyKey": "r", "author": "STAFF", "channel": "PHONE", "body": "明日届きます"}
    assert (await ask(SAY, {"input": note}, scopes=STAFF))["data"]["inquiryMessageAdd"]["inquiry"]["state"] == "OPEN"
    said = (await ask(SAY, {"input": reply}, scopes=STAFF))["data"]["inquiryMessageAdd"]["inquiry"]
    assert said == {"version": 3, "state": "WAITING"}
    mine = {"inquiryId": id, "expectedVersion": 3, "assignee": "mai"}
    assert (await ask(ASSIGN, {"input": mine}, scopes=STAFF))["data"]["inquiryAssign"]["inquiry"]["assignee"] == "mai"
    (error,) = (await ask(ASSIGN, {"input": mine}, scopes=STAFF))["data"]["inquiryAssign"]["userErrors"]
    assert error == {"__typename": "VersionConflict", "actualVersion": 4}

    staff = (await ask(ONE, {"id": id}, scopes=STAFF))["data"]["inquiry"]
    assert [(one["number"], one["author"]) for one in staff["messages"]["nodes"]] == [
        (1, "CUSTOMER"),
        (2, "NOTE"),
        (3, "STAFF"),
    ]
    assert [one["act"] for one in staff["history"]] == ["OPENED", "MESSAGE", "MESSAGE", "ASSIGNED"]
    own = (await ask(ONE, {"id": id}, customer=whose))["data"]["inquiry"]
    assert (own["assignee"], own["history"], own["messages"]["totalCount"]) == (None, [], 2)
    assert "倉庫" not in str(own)
    assert (await ask(ONE, {"id": id}, customer="cus_other"))["data"]["inquiry"] is None
    assert (await ask(ONE, {"id": "inq_none"}, scopes=STAFF))["data"]["inquiry"] is None
    theirs = (await ask(THEIRS, {"id": whose}, customer=whose))["data"]["customer"]["inquiries"]["nodes"]
    assert theirs == [{"id": id, "subject": "届かない", "state": "WAITING"}]
    for narrowed, count in (({"state": "WAITING"}, 1), ({"state": "OPEN"}, 0), ({"who": "mai"}, 1)):
        assert len((await ask(ALL, narrowed, scopes=STAFF))["data"]["inquiries"]["nodes"]) == count
    assert code(await ask(ALL, {}, customer=whose)) == "FORBIDDEN"


async def test_who_is_nobody_yet_becomes_somebodys_and_stays_theirs_after_a_merge(
    ask: Ask, store: CustomerStore
) -> None:
    whose = await make(ask)
    first = {"idempotencyKey": "tel:1", "channel": "PHONE", "subject": "在庫", "body": "ありますか"}
    id = (await ask(OPEN, {"input": first}, scopes=STAFF))["data"]["inquiryOpen"]["inquiry"]["id"]
    assert (await ask(ONE, {"id": id}, customer=whose))["data"]["inquiry"] is None
    named = {"inquiryId": id, "expectedVersion": 1, "customerId": whose}
    done = await ask(WHOSE, {"input": named | {"customerId": "cus_none"}}, scopes=STAFF)
    assert done["data"]["inquiryCustomerSet"]["userErrors"] == [{"__typename": "NotFound"}]
    assert (await ask(WHOSE, {"input": named}, scopes=STAFF))["data"]["inquiryCustomerSet"]["inquiry"]["version"] == 2
    await merge(store, "cus_whole", whose)
    assert (await ask(ONE, {"id": id}, customer="cus_whole"))["data"]["inquiry"]["subject"] == "在庫"
    own = {"inquiryId": id, "idempotencyKey": "app:1", "channel": "CHAT", "body": "まだですか"}
    said = (await ask(SAY, {"input": own}, customer="cus_whole"))["data"]["inquiryMessageAdd"]
    assert said["inquiry"]["version"] == 3


@pytest.mark.parametrize("author", ["STAFF", "NOTE"])
async def test_a_customer_speaks_as_nobody_else_and_in_no_thread_but_theirs(ask: Ask, author: str) -> None:
    whose = await make(ask)
    first = {"idempotencyKey": "1", "channel": "CHAT", "subject": "s", "body": "b"}
    assert code(await ask(OPEN, {"input": first | {"author": author}}, customer=whose)) == "FORBIDDEN"
    assert code(await ask(OPEN, {"input": first | {"customerId": "cus_x"}}, customer=whose)) == "FORBIDDEN"
    assert code(await ask(OPEN, {"input": first})) == "FORBIDDEN"
    id = (await ask(OPEN, {"input": first}, customer=whose))["data"]["inquiryOpen"]["inquiry"]["id"]
    said = {"inquiryId": id, "idempotencyKey": "2", "channel": "CHAT", "body": "b"}
    answer = await ask(SAY, {"input": said}, customer="cus_other")
    assert answer["data"]["inquiryMessageAdd"]["userErrors"] == [{"__typename": "NotFound"}]
    for query, input in (
        (ASSIGN, {"inquiryId": id, "expectedVersion": 1}),
        (STATE, {"inquiryId": id, "expectedVersion": 1, "state": "CLOSED"}),
        (WHOSE, {"inquiryId": id, "expectedVersion": 1, "customerId": whose}),
    ):
        assert code(await ask(query, {"input": input}, customer=whose)) == "FORBIDDEN"
