"""Signing in, and letting devices in, as clients ask for it; no secret is left anywhere on the way."""

import logging
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.issuer.actions import create_account
from gateway.issuer.model import MAX_ATTEMPTS, AccountDraft
from gateway.issuer.passwords import Passwords
from gateway.issuer.store import IssuerStore
from gateway.settings import STAFF_ROLES
from kit.times import utc_now
from tests.gateway.issuer.test_issuer import CHEAP
from tests.gateway.keys.test_graph import Office, office

__all__ = ["office"]

PASSWORD = "canary-password-5f1d"
SIGN_IN = """mutation ($input: StaffSignInInput!) { staffSignIn(input: $input) { accessToken refreshToken expiresInS
  userErrors { code path ... on TooManyAttempts { retryAfterS } } } }"""
REFRESH = """mutation ($input: RefreshTokenInput!) { tokenRefresh(input: $input) { accessToken refreshToken
  userErrors { code } } }"""
SIGN_OUT = "mutation ($input: RefreshTokenInput!) { staffSignOut(input: $input) { userErrors { code } } }"
BEGIN = """mutation ($input: DeviceSignInBeginInput!) { deviceSignInBegin(input: $input) { deviceCode userCode
  expiresInS intervalS userErrors { code } } }"""
APPROVE = """mutation ($input: DeviceSignInApproveInput!) { deviceSignInApprove(input: $input) { deviceName
  userErrors { code path } } }"""
TAKE = """mutation ($input: DeviceSignInTakeInput!) { deviceSignInTake(input: $input) { secret
  apiKey { name scopes channel locations } userErrors { code ... on DeviceNotReady { retryAfterS } } } }"""


@pytest.fixture
async def admin(office: Office) -> str:
    """The login of an administrator."""
    store = IssuerStore(office.store.db)
    await store.prepare()
    await create_account(
        store, Passwords(CHEAP), AccountDraft("boss", PASSWORD, ("admin",)), STAFF_ROLES, now=utc_now()
    )
    return "boss"


async def as_staff(office: Office, token: str, query: str, input: dict[str, Any] | None = None) -> Any:
    """Ask with an access token alone."""
    body = {"query": query, "variables": {"input": input} if input is not None else {}}
    answer = await office._http.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
    return answer.json()


async def test_staff_sign_in_act_go_on_and_sign_out(office: Office, admin: str) -> None:
    page = await office.key()
    got = await office.ask(page, SIGN_IN, {"login": admin, "password": PASSWORD})
    assert (got["userErrors"], got["expiresInS"]) == ([], 600)
    listed = await as_staff(office, got["accessToken"], "{ apiKeys { totalCount } }")
    assert listed == {"data": {"apiKeys": {"totalCount": 1}}}

    further = await office.ask(page, REFRESH, {"refreshToken": got["refreshToken"]})
    assert further["userErrors"] == []
    await office.ask(page, SIGN_OUT, {"refreshToken": further["refreshToken"]})
    ended = await office.ask(page, REFRESH, {"refreshToken": further["refreshToken"]})
    assert [error["code"] for error in ended["userErrors"]] == ["SESSION_OVER"]


async def test_attempts_under_aliases_in_one_document_count_each(office: Office, admin: str) -> None:
    page = await office.key()
    tries = MAX_ATTEMPTS + 5
    fields = " ".join(
        f'a{n}: staffSignIn(input: {{login: "{admin}", password: "guess {n}"}}) {{ userErrors {{ code }} }}'
        for n in range(tries)
    )
    answers: list[Any] = []
    for half in (fields.split(" a8:")[0], "a8:" + fields.split(" a8:")[1]):  # ten root fields are one document's most
        answers += (await office.post(page, f"mutation {{ {half} }}")).json()["data"].values()
    codes = [answer["userErrors"][0]["code"] for answer in answers]

    assert codes == ["SIGN_IN_REFUSED"] * MAX_ATTEMPTS + ["TOO_MANY_ATTEMPTS"] * 5
    right = await office.ask(page, SIGN_IN, {"login": admin, "password": PASSWORD})
    assert [error["code"] for error in right["userErrors"]] == ["TOO_MANY_ATTEMPTS"]


async def test_a_till_is_let_in_and_bound_to_its_shop(office: Office, admin: str) -> None:
    page = await office.key()
    codes = await office.ask(page, BEGIN, {"name": "till 3"})
    waiting = await office.ask(page, TAKE, {"deviceCode": codes["deviceCode"]})
    assert waiting["userErrors"] == [{"code": "AUTHORIZATION_PENDING", "retryAfterS": 5}]

    boss = (await office.ask(page, SIGN_IN, {"login": admin, "password": PASSWORD}))["accessToken"]
    typed = codes["userCode"].lower().replace("-", " ")
    wish = {"userCode": typed, "name": "till-3", "location": "loc_1", "scopes": ["stock:read"]}
    approved = await as_staff(office, boss, APPROVE, wish)
    assert approved["data"]["deviceSignInApprove"] == {"deviceName": "till 3", "userErrors": []}

    taken = await office.ask(page, TAKE, {"deviceCode": codes["deviceCode"]})
    assert taken["apiKey"] == {"name": "till-3", "scopes": ["stock:read"], "channel": "pos", "locations": ["loc_1"]}
    await office.until(taken["secret"], 200)
    again = await office.ask(page, TAKE, {"deviceCode": codes["deviceCode"]})
    assert [error["code"] for error in again["userErrors"]] == ["DEVICE_CODE_OVER"]
    (record,) = await office.store.records(taken["secret"].split("_")[2])
    assert record["actor"].startswith("staff:stf_")


@pytest.mark.parametrize("code", ["BCDF-GHJK", "", "1234-5678"])
async def test_a_code_that_no_device_shows_lets_nobody_in(office: Office, code: str) -> None:
    boss = await office.key("keys:write")
    wrong = await office.ask(boss, APPROVE, {"userCode": code, "name": "x", "location": "loc_1"})
    assert [error["code"] for error in wrong["userErrors"]] == ["DEVICE_CODE_OVER"]


async def test_nobody_lets_in_a_device_that_may_do_more_than_they(office: Office) -> None:
    clerk, page = await office.key("keys:write"), await office.key()
    codes = await office.ask(page, BEGIN, {"name": "kiosk"})
    wish = {"userCode": codes["userCode"], "name": "kiosk", "location": "loc_1", "scopes": ["stock:write"]}
    refused = await office.ask(clerk, APPROVE, wish)
    assert refused["userErrors"] == [{"code": "SCOPE_NOT_HELD", "path": ["input", "scopes"]}]
    without = (await office.post(page, APPROVE, {**wish, "scopes": []})).json()
    assert without["errors"][0]["extensions"]["code"] == "UNAUTHORIZED_FIELD_OR_TYPE"


async def test_no_secret_is_left_in_logs_errors_or_the_database(
    office: Office, admin: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Canaries in every place that takes or gives a secret, also where it is wrong there, then a search for them."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "pymongo")  # `kit.log` lets none of its commands through, only warnings
    answers: list[str] = []
    with capture_logs() as lines:
        key = await office.key("keys:write")
        tokens = await office.ask(key, SIGN_IN, {"login": admin, "password": PASSWORD})
        further = await office.ask(key, REFRESH, {"refreshToken": tokens["refreshToken"]})
        codes = await office.ask(key, BEGIN, {"name": "till"})
        wish = {"userCode": codes["userCode"], "name": "till", "location": "loc_1"}
        await office.ask(key, APPROVE, wish)
        taken = await office.ask(key, TAKE, {"deviceCode": codes["deviceCode"]})
        secrets = [key, PASSWORD, *[tokens[n] for n in ("accessToken", "refreshToken")], further["refreshToken"]]
        secrets += [codes["deviceCode"], taken["secret"], "canary-wrong-password", "canary-wrong-token"]
        wrong = [
            (SIGN_IN, {"login": "canary-wrong-password", "password": "canary-wrong-password"}),
            (SIGN_IN, {"login": admin, "password": 7, "more": "canary-wrong-password"}),
            (SIGN_IN.replace("refreshToken", "refreshTokens"), {"login": admin, "password": "canary-wrong-password"}),
            (REFRESH, {"refreshToken": "canary-wrong-token"}),
            (TAKE, {"deviceCode": "canary-wrong-token"}),
        ]
        for query, input in wrong:
            answers.append((await office.post(key, query, input)).text)
        for bad in (f"{key}x", f"{key[:-1]}0", "canary-wrong-token", "eyJh.canary-wrong-token.x"):
            answers.append((await office.post(bad, "{ caller }")).text)
            answers.append(str(await as_staff(office, bad, "{ caller }")))
    database = office.store.db
    kept = str([await database[name].find().to_list() for name in await database.list_collection_names()])
    seen = {"logs": str(lines) + caplog.text, "errors": " ".join(answers), "database": kept}

    leaked = [(where, secret) for where, text in seen.items() for secret in secrets if secret in text]
    assert leaked == []
