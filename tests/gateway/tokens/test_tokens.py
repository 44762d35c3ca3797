"""Tokens: by fixed algorithms with fixed claims, and put off rather than refused where the keys cannot be known."""

import base64
import hmac
import json
from hashlib import sha256
from time import time
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from gateway.access import Access, Ends
from gateway.settings import GatewaySettings
from gateway.tokens import jwks
from gateway.tokens.jwks import ASK_AGAIN_S, Keys, fetch_json
from gateway.tokens.model import CUSTOMER_SCOPES, Person
from gateway.tokens.reader import LEEWAY_S, Tokens
from kit.errors import BadUserInput, Forbidden, Unauthenticated, Unavailable
from tests.gateway.access.test_access import LOCAL, key
from tests.gateway.tokens.issuing import EC, RSA, URL, Provider, named, reader, token
from tests.served import served


async def tokens(**changed: Any) -> Tokens:
    return (await reader(Provider(RSA, EC), named(**changed)))[0]


async def test_a_customers_token_names_that_customer_and_gives_no_other_scopes() -> None:
    person = (await tokens()).read(token(scope="stock:write", roles=["admin"]))

    assert person == Person("shop-id", customer="cus_1", scopes=CUSTOMER_SCOPES)


async def test_a_staff_token_gives_what_its_roles_may_do() -> None:
    staff = await tokens(people="staff", claim="employee")

    person = staff.read(token(employee="stf_7", roles=["clerk", "nobody"], locations=["loc_1"]))
    assert person == Person("shop-id", None, "stf_7", frozenset({"stock:read", "orders:read"}), ("loc_1",))
    assert staff.read(token(employee="stf_7", roles="admin")).scopes == frozenset({"stock:write"})
    assert staff.read(token(employee="stf_7")).scopes == frozenset()


async def test_any_algorithm_that_is_allowed_and_no_other() -> None:
    assert (await tokens()).read(token(EC, "ES256")).customer == "cus_1"
    with pytest.raises(Unauthenticated):
        (await tokens(algorithms=["RS256"])).read(token(EC, "ES256"))


def forged(alg: str, secret: bytes = b"") -> str:
    """By no signature, or by the public key as if it were a secret."""
    parts = [{"alg": alg, "kid": "r1"}, {"iss": URL, "aud": "noren", "sub": "cus_1", "exp": int(time()) + 60}]
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    mac = hmac.digest(secret, text.encode(), sha256) if alg.startswith("HS") else b""
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered() -> str:
    head, body, mac = token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "cus_2"}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{mac}"


STRANGER = RSAKey.generate_key(2048, {"kid": "r1"})
BAD = {
    "another key of the same id": lambda: token(STRANGER),
    "no signature": lambda: forged("none"),
    "the public key as a secret": lambda: forged("HS256", RSA.as_pem(private=False)),
    "a changed claim": tampered,
    "another issuer": lambda: token(iss="https://id.example.evil"),
    "no issuer": lambda: token(iss=None),
    "another audience": lambda: token(aud="somebody"),
    "no audience": lambda: token(aud=None),
    "no expiry": lambda: token(exp=None),
    "over": lambda: token(exp=int(time()) - LEEWAY_S - 1),
    "not yet": lambda: token(nbf=int(time()) + LEEWAY_S + 60),
    "nobody": lambda: token(sub=None),
    "a name that is none": lambda: token(sub="cus_1\r\nx-noren-staff: a"),
    "a number for a name": lambda: token(sub=7),
    "an expiry that is text": lambda: token(exp="tomorrow"),
    "garbage": lambda: "a.b.c",
    "empty parts": lambda: "..",
    "too long": lambda: token(more="x" * 9000),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_what_is_no_good_token_is_refused_and_not_told_why(bad: Any) -> None:
    with pytest.raises(Unauthenticated, match=r"^the token is not valid here"):
        (await tokens()).read(bad())


async def test_a_token_that_was_verified_is_not_verified_again_until_it_ends_or_the_keys_change() -> None:
    provider = Provider(RSA)
    read, keys = await reader(provider)
    text = token()
    assert read.read(text) is read.read(text)

    provider.keys = [EC]
    await keys.refresh()
    with pytest.raises(Unauthenticated):
        read.read(text)


async def test_before_any_keys_are_known_a_token_is_put_off_and_not_refused() -> None:
    read, _ = await reader(Provider(RSA), fetched=False)

    with pytest.raises(Unavailable):
        read.read(token())


async def test_while_the_issuer_is_away_its_last_keys_count() -> None:
    provider = Provider(RSA)
    read, keys = await reader(provider)
    provider.away = True
    assert not await keys.refresh()

    assert read.read(token()).customer == "cus_1"


async def test_a_key_that_is_not_known_is_asked_for_before_its_token_is_refused() -> None:
    now, provider = [0.0], Provider(RSA)
    keys = Keys(URL, None, provider.fetch, lambda: now[0])
    await keys.refresh()
    now[0] = ASK_AGAIN_S + 1
    with pytest.raises(Unavailable):
        keys.of("e1")

    provider.away = True
    await keys.refresh()
    with pytest.raises(Unavailable):
        keys.of("e1")
    provider.away = False
    await keys.refresh()
    assert keys.of("e1") is None
    provider.keys.append(EC)
    await keys.refresh()
    assert keys.of("e1") is not None


@pytest.mark.parametrize(
    "found",
    [
        {"issuer": "https://other.example", "jwks_uri": f"{URL}/keys"},
        {"issuer": URL},
        {"issuer": URL, "jwks_uri": f"{URL}/keys", "keys": []},
        {"issuer": URL, "jwks_uri": f"{URL}/keys", "keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "r1"}]},
        [],
        None,
    ],
)
async def test_a_discovery_or_a_key_set_that_makes_no_sense_changes_nothing(found: Any) -> None:
    async def fetch(_: str) -> Any:
        return found

    keys = Keys(URL, None, fetch)
    assert not await keys.refresh()
    with pytest.raises(Unavailable):
        keys.of("r1")


async def test_documents_come_from_where_they_were_configured_and_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    async def keys(_: Any) -> JSONResponse:
        return JSONResponse({"keys": []})

    async def away(_: Any) -> RedirectResponse:
        return RedirectResponse("/keys")

    async with served(Starlette(routes=[Route("/keys", keys), Route("/away", away)])) as base:
        assert await fetch_json(f"http://{base}/keys") == {"keys": []}
        with pytest.raises(OSError, match="307"):
            await fetch_json(f"http://{base}/away")
        monkeypatch.setattr(jwks, "MAX_BYTES", 5)
        with pytest.raises(ValueError, match="more than 5 bytes"):
            await fetch_json(f"http://{base}/keys")
    for url in ("http://id.example/keys", "file:///etc/passwd", "ftp://127.0.0.1/keys"):
        with pytest.raises(ValueError, match="expected https"):
            await fetch_json(url)


# ---- beside keys and headers


async def access(*keys: dict[str, Any], **issuer: Any) -> Access:
    settings = GatewaySettings(api_keys=keys, issuers=(named(**issuer),))  # type: ignore[arg-type]
    return Access(settings, None, await tokens(**issuer))


def ask(rules: Access, text: str | None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()} | LOCAL
    if text is not None:
        named["authorization"] = f"Bearer {text}"
    return rules.identify(named, Ends("127.0.0.1"), "trace-1")


TILL = key("till", "till-secret", scopes=["stock:read", "points:write"], channel="pos", location="loc_1")


async def test_a_token_alone_is_enough_and_its_holder_is_authenticated() -> None:
    caller = ask(await access(), token(), x_noren_channel="app")

    assert (caller.name, caller.counted_as) == ("shop-id", "shop-id/cus_1")
    assert (caller.context.customer, caller.context.channel) == ("cus_1", "app")
    assert caller.context.scopes == CUSTOMER_SCOPES
    assert "authenticated" in caller.authority.holds
    assert "policy:customer" in caller.authority.holds


async def test_where_tokens_are_taken_nobody_is_the_development_caller() -> None:
    with pytest.raises(Unauthenticated):
        ask(await access(), None)


async def test_staff_at_a_till_do_what_both_may() -> None:
    rules = await access(TILL, people="staff")
    caller = ask(rules, token(sub="stf_1", roles=["clerk"]), x_noren_key="till-secret")

    assert (caller.context.staff, caller.context.channel, caller.context.location) == ("stf_1", "pos", "loc_1")
    assert caller.context.scopes == frozenset({"stock:read"})
    with pytest.raises(Forbidden, match="none of the locations"):
        ask(rules, token(sub="stf_1", locations=["loc_2"]), x_noren_key="till-secret")


async def test_a_customer_at_a_shops_key_is_only_themselves() -> None:
    caller = ask(await access(TILL), token(), x_noren_key="till-secret")

    assert (caller.context.customer, caller.context.scopes) == ("cus_1", CUSTOMER_SCOPES)


@pytest.mark.parametrize("headers", [{"x_noren_customer": "cus_2"}, {"x_noren_staff": "stf_1"}])
async def test_no_header_says_for_whom_a_token_acts(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        ask(await access(TILL), token(), x_noren_key="till-secret", **headers)
    with pytest.raises(Forbidden):
        ask(await access(), token(), **headers)
    assert ask(await access(), token(), x_noren_customer="cus_1").context.customer == "cus_1"


async def test_a_key_of_one_customer_takes_no_others_token() -> None:
    rules = await access(key("mine", "mine-secret", customer="cus_2"))
    with pytest.raises(Forbidden, match="somebody else"):
        ask(rules, token(), x_noren_key="mine-secret")


async def test_a_token_never_stands_in_the_keys_header() -> None:
    with pytest.raises(Unauthenticated):
        ask(await access(TILL), None, x_noren_key=token())


async def test_a_key_with_dots_is_no_token() -> None:
    assert ask(await access(key("old", "a.b.c")), "a.b.c").name == "old"


async def test_a_staff_token_names_one_of_its_locations() -> None:
    rules, text = await access(people="staff"), token(sub="stf_1", locations=["loc_1", "loc_2"])
    assert ask(rules, text, x_noren_location="loc_2").context.location == "loc_2"
    with pytest.raises(Forbidden):
        ask(rules, text, x_noren_location="loc_3")
    with pytest.raises(BadUserInput):
        ask(rules, text)
