"""Behaviour and consent through the subgraph: who may tell, who may read, what a row's error looks like."""

from datetime import timedelta
from typing import Any

import pytest

from kit.times import utc_now
from tests.services.customer.conftest import Ask
from tests.services.customer.test_graph import code, make

TRACK = """mutation ($input: EventsTrackInput!) { eventsTrack(input: $input) {
  accepted duplicates optedOut userErrors { __typename code path ... on EventFromFuture { at latest } } } }"""
ATTACH = """mutation ($who: ID!) { deviceAttach(input: {customerId: $who, device: "cookie"}) {
  attached userErrors { path } } }"""
CONSENT = """mutation ($input: ConsentRecordInput!) { consentRecord(input: $input) {
  record { granted purpose channel givenBy actor textVersion } userErrors { __typename path } } }"""
READ = """query ($id: ID!, $kinds: [BehaviourKind!]) { customer(id: $id) {
  timeline(first: 10, kinds: $kinds) { totalCount nodes { __typename id kind at channel isAnonymous location { id }
    ... on ViewEvent { variant { sku } product { id } } ... on SearchEvent { keyword results }
    ... on CartEvent { change quantity variant { sku } } ... on CompareEvent { variants { sku } }
    ... on PurchaseEvent { order { id } } ... on StoreEntryEvent { means entered { id } } } }
  sessions { nodes { events kinds { kind count } isWhole } endCursor }
  consents { purpose channel allowed ground record { source } }
  consentHistory { nodes { granted at } }
  mayContact(purpose: MARKETING, channel: LINE) { allowed ground } } }"""
PRESENT = utc_now()
AT = PRESENT.isoformat()
SYSTEM = "behaviour:write consents:write customers:read"


def ago(minutes: int) -> str:
    return (PRESENT - timedelta(minutes=minutes)).isoformat()


def row(id: str, **what: Any) -> dict[str, Any]:
    return {"sourceId": id, "at": AT, **what}


async def test_events_are_told_by_row_and_read_as_what_they_are(ask: Ask) -> None:
    whose = await make(ask)
    events = [
        row("1", customerId=whose, view={"sku": "MUG", "productId": "prd_1"}, at=ago(1)),
        row("2", device="cookie", search={"keyword": "赤い靴", "results": 3}, locationId="loc_1"),
        row("3", customerId=whose, cart={"sku": "MUG", "change": "REMOVED"}, at=ago(2)),
        row("4", customerId=whose, compare={"skus": ["MUG", "CUP"]}, at=ago(3)),
        row("5", customerId=whose, purchase={"orderId": "ord_1"}, at=ago(4)),
        row("6", customerId=whose, storeEntry={"locationId": "loc_2", "means": "GATE"}, at=ago(5)),
        row("7", customerId=whose, view={"sku": "MUG"}, search={"keyword": "x"}),
        row("8", customerId=whose, view={"sku": "MUG"}, at="2099-01-01T00:00:00Z"),
    ]
    answer = await ask(TRACK, {"input": {"source": "web", "events": events}}, scopes=SYSTEM)
    done = answer["data"]["eventsTrack"]
    assert (done["accepted"], done["duplicates"], done["optedOut"]) == (6, 0, [])
    assert [(error["code"], error["path"]) for error in done["userErrors"]] == [
        ("INVALID_INPUT", ["input", "events", "6"]),
        ("EVENT_FROM_FUTURE", ["input", "events", "7", "at"]),
    ]
    assert (await ask(ATTACH, {"who": whose}, scopes=SYSTEM))["data"]["deviceAttach"]["attached"]
    found = (await ask(READ, {"id": whose}, customer=whose))["data"]["customer"]
    nodes = found["timeline"]["nodes"]
    assert [(node["__typename"], node["kind"]) for node in nodes] == [
        ("SearchEvent", "SEARCH"),
        ("ViewEvent", "VIEW"),
        ("CartEvent", "CART"),
        ("CompareEvent", "COMPARE"),
        ("PurchaseEvent", "PURCHASE"),
        ("StoreEntryEvent", "STORE_ENTRY"),
    ]
    assert nodes[0]["keyword"] == "赤い靴"
    assert (nodes[0]["isAnonymous"], nodes[0]["location"], nodes[1]["isAnonymous"]) == (True, {"id": "loc_1"}, False)
    assert nodes[1]["variant"] == {"sku": "MUG"}
    assert nodes[3]["variants"] == [{"sku": "MUG"}, {"sku": "CUP"}]
    assert nodes[0]["id"].startswith("evt_01")
    assert found["timeline"]["totalCount"] == 6
    assert found["sessions"]["nodes"][0]["events"] == 6
    only = await ask(READ, {"id": whose, "kinds": ["CART"]}, customer=whose)
    assert [node["kind"] for node in only["data"]["customer"]["timeline"]["nodes"]] == ["CART"]


@pytest.mark.parametrize(("whose", "allowed"), [("cus_me", True), (None, True), ("cus_other", False)])
async def test_a_customer_tells_what_they_did_and_nobody_elses(ask: Ask, whose: str | None, allowed: bool) -> None:
    events = [row("1", customerId=whose, device="cookie", view={"sku": "MUG"})]
    answer = await ask(TRACK, {"input": {"source": "web", "events": events}}, customer="cus_me")
    if allowed:
        assert answer["data"]["eventsTrack"]["accepted"] == 1
    else:
        assert code(answer) == "FORBIDDEN"
    assert code(await ask(TRACK, {"input": {"source": "web", "events": events}})) == "FORBIDDEN"
    assert code(await ask(ATTACH, {"who": "cus_other"}, customer="cus_me")) == "FORBIDDEN"


async def test_consent_is_a_history_and_the_last_word_decides(ask: Ask) -> None:
    whose = await make(ask)
    said = {"customerId": whose, "purpose": "MARKETING", "textVersion": "2026-04", "source": "app", "granted": True}
    yes = {"input": said | {"idempotencyKey": "c1", "channel": "LINE", "at": ago(60)}}
    answer = await ask(CONSENT, yes, customer=whose)
    assert answer["data"]["consentRecord"]["record"] == {
        "granted": True,
        "purpose": "MARKETING",
        "channel": "LINE",
        "givenBy": whose,
        "actor": f"customer:{whose}",
        "textVersion": "2026-04",
    }
    assert await ask(CONSENT, yes, customer=whose) == answer
    state = (await ask(READ, {"id": whose}, customer=whose))["data"]["customer"]
    assert state["mayContact"] == {"allowed": True, "ground": "GRANTED"}
    other = {"input": yes["input"] | {"granted": False}}
    (error,) = (await ask(CONSENT, other, customer=whose))["data"]["consentRecord"]["userErrors"]
    assert error["__typename"] == "IdempotencyKeyReused"
    await ask(CONSENT, {"input": said | {"idempotencyKey": "c2", "granted": False}}, scopes=SYSTEM)
    state = (await ask(READ, {"id": whose}, customer=whose))["data"]["customer"]
    assert state["mayContact"] == {"allowed": False, "ground": "REFUSED"}
    assert [one["granted"] for one in state["consentHistory"]["nodes"]] == [False, True]
    assert [(one["channel"], one["allowed"]) for one in state["consents"]] == [(None, False), ("LINE", False)]


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"customerId": "cus_a", "device": "c"},
        {"device": "c", "purpose": "MARKETING"},
        {"customerId": "dev_1"},
    ],
    ids=str,
)
async def test_an_answer_is_one_customers_or_a_devices_about_what_is_noted(ask: Ask, who: dict[str, Any]) -> None:
    said = {"purpose": "BEHAVIOUR", "textVersion": "v", "source": "app", "granted": False, "idempotencyKey": "k"} | who
    answer = await ask(CONSENT, {"input": said}, scopes=SYSTEM)
    assert answer["data"]["consentRecord"]["record"] is None
    assert [error["__typename"] for error in answer["data"]["consentRecord"]["userErrors"]] == ["InvalidInput"]
    assert code(await ask(CONSENT, {"input": said}, customer="cus_me")) == "FORBIDDEN"


async def test_what_a_device_said_keeps_its_events_out(ask: Ask) -> None:
    said = {"device": "c", "purpose": "BEHAVIOUR", "textVersion": "v", "source": "banner", "granted": False}
    await ask(CONSENT, {"input": said | {"idempotencyKey": "k"}}, scopes=SYSTEM)
    events = [row("1", device="c", view={"sku": "MUG"}), row("2", device="d", view={"sku": "MUG"})]
    done = (await ask(TRACK, {"input": {"source": "web", "events": events}}, scopes=SYSTEM))["data"]["eventsTrack"]
    assert (done["accepted"], done["optedOut"]) == (1, [0])
