"""Identifying, merging and reviewing through the graph: who may, and what is shown."""

from typing import Any

from tests.services.customer.conftest import Ask

READ, WRITE = "customers:read", "customers:write"
IDENTIFY = """
mutation ($input: CustomerIdentifyInput!) {
  customerIdentify(input: $input) {
    outcome mergeIds customer { id mergedIds anonymous identities { type value verified }
      sourcedValues { field source value } }
    userErrors { __typename code path }
  }
}
"""
QUEUE = "{ mergeCandidates { nodes { id score state evidence { kind weight } customers { id displayName } } } }"
MERGE = """
mutation ($input: CustomerMergeInput!) {
  customerMerge(input: $input) {
    merge { id keptId mergedId state automatic actor customer { id } } userErrors { __typename code path }
  }
}
"""
UNMERGE = "mutation ($id: ID!) { customerUnmerge(input: {mergeId: $id}) { merge { state } userErrors { code } } }"
DECIDE = "mutation ($id: ID!) { %s(input: {id: $id}) { candidate { state mergeId decidedBy } userErrors { code } } }"
MAIL = {"type": "EMAIL", "value": "hanako@example.jp"}
CARD = {"type": "CARD", "value": "49012345"}


async def see(ask: Ask, *identities: dict[str, Any], **values: Any) -> dict[str, Any]:
    answer = await ask(IDENTIFY, {"input": {"identities": list(identities), **values}}, scopes=f"{READ} {WRITE}")
    assert "errors" not in answer
    return dict(answer["data"]["customerIdentify"])


async def test_an_observation_is_told_with_what_followed_from_it(ask: Ask) -> None:
    first = await see(ask, CARD, {"type": "DEVICE", "value": "browser-1"}, displayName="Hanako", source="pos")
    assert (first["outcome"], first["userErrors"]) == ("CREATED", [])
    assert first["customer"]["sourcedValues"] == [{"field": "display_name", "source": "pos", "value": "Hanako"}]
    second = await see(ask, MAIL | {"verified": True})
    both = await see(ask, CARD, MAIL | {"verified": True})
    assert (both["outcome"], len(both["mergeIds"])) == ("MERGED", 1)
    assert both["customer"]["mergedIds"] == [second["customer"]["id"]]
    assert both["customer"]["identities"] == [CARD | {"verified": True}, MAIL | {"verified": True}]
    resolved = await ask("query ($id: ID!) { customer(id: $id) { id } }", {"id": second["customer"]["id"]}, scopes=READ)
    assert resolved["data"]["customer"]["id"] == first["customer"]["id"]
    refused = await see(ask)
    assert refused["userErrors"] == [
        {"__typename": "InvalidInput", "code": "INVALID_INPUT", "path": ["input", "identities"]}
    ]


async def test_a_customer_who_was_merged_still_sees_themselves(ask: Ask) -> None:
    kept, merged = await see(ask, CARD), await see(ask, MAIL | {"verified": True})
    ids = {"keptId": kept["customer"]["id"], "mergedId": merged["customer"]["id"]}
    done = (await ask(MERGE, {"input": {"idempotencyKey": "k", **ids}}, scopes=f"{READ} {WRITE}"))["data"]
    made = done["customerMerge"]["merge"]
    assert made | {"id": ""} == {
        "id": "", **ids, "state": "DONE", "automatic": False, "actor": "channel:web", "customer": {"id": ids["keptId"]},
    }  # fmt: skip
    me = await ask("{ me { id } }", customer=ids["mergedId"])
    assert me["data"]["me"] == {"id": ids["keptId"]}
    kept_by_id = await ask(
        "query ($id: ID!) { customer(id: $id) { id } }", {"id": ids["keptId"]}, customer=ids["mergedId"]
    )
    assert kept_by_id["data"]["customer"] == {"id": ids["keptId"]}
    listed = await ask("query ($id: ID!) { customerMerges(id: $id) { id } }", {"id": ids["keptId"]}, scopes=READ)
    assert listed["data"]["customerMerges"] == [{"id": made["id"]}]
    parted = await ask(UNMERGE, {"id": made["id"]}, scopes=WRITE)
    assert parted["data"]["customerUnmerge"] == {"merge": {"state": "UNDONE"}, "userErrors": []}
    assert (await ask("{ me { id } }", customer=ids["mergedId"]))["data"]["me"] == {"id": ids["mergedId"]}


async def test_candidates_are_reviewed_by_those_who_may(ask: Ask) -> None:
    await see(ask, MAIL | {"verified": True}, displayName="Hanako")
    await see(ask, CARD, MAIL, displayName="H. Takahashi")
    [candidate] = (await ask(QUEUE, scopes=READ))["data"]["mergeCandidates"]["nodes"]
    assert candidate["evidence"] == [{"kind": "UNVERIFIED_EMAIL", "weight": 0.6}]
    assert [one["displayName"] for one in candidate["customers"]] == ["Hanako", "H. Takahashi"]
    id = candidate["id"]
    done = await ask(DECIDE % "mergeCandidateReject", {"id": id}, scopes=WRITE)
    rejected = {"candidate": {"state": "REJECTED", "mergeId": None, "decidedBy": "channel:web"}, "userErrors": []}
    assert done["data"]["mergeCandidateReject"] == rejected
    late = await ask(DECIDE % "mergeCandidateAccept", {"id": id}, scopes=WRITE)
    assert late["data"]["mergeCandidateAccept"]["userErrors"] == [{"code": "CANDIDATE_DECIDED"}]


async def test_nobody_without_the_scope_identifies_merges_or_reviews(ask: Ask) -> None:
    answers = [
        await ask(IDENTIFY, {"input": {"identities": [CARD]}}, scopes=READ, customer="cus_1"),
        await ask(MERGE, {"input": {"idempotencyKey": "k", "keptId": "a", "mergedId": "b"}}, scopes=READ),
        await ask(UNMERGE, {"id": "mrg_1"}, scopes=READ),
        await ask(DECIDE % "mergeCandidateAccept", {"id": "a:b"}, scopes=READ),
        await ask(QUEUE, scopes=WRITE),
        await ask('{ customerMerges(id: "a") { id } }', scopes=WRITE),
    ]
    assert {answer["errors"][0]["extensions"]["code"] for answer in answers} == {"FORBIDDEN"}
