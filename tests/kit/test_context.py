"""The signed context: nobody but the gateway makes one, and none outlives its minute."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from kit import context as module
from kit.context import CONTEXT_HEADER, LEEWAY_S, TTL_S, VERIFIED_CACHE, ContextRejected, ContextSigner, RequestContext
from kit.errors import Forbidden

SECRET = b"s" * 32
CALLER = RequestContext(
    channel="pos",
    location="loc_1",
    customer="cus_1",
    staff="stf_1",
    scopes=frozenset({"stock:read", "stock:write"}),
    trace_id="abc",
    at=datetime(2026, 11, 22, 5, 0, 0, 123_000, tzinfo=UTC),
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.fixture
def signer() -> ContextSigner:
    return ContextSigner(SECRET)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(seconds)` moves the time that signing and verifying see."""
    ahead = [0.0]
    monkeypatch.setattr(module, "time", lambda: time() + ahead[0])

    def move(seconds: float) -> None:
        ahead[0] += seconds

    return move


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def forge(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


def test_what_is_signed_is_what_is_verified(signer: ContextSigner) -> None:
    assert signer.verify(signer.sign(CALLER)) == CALLER
    assert ContextSigner(SECRET).verify(signer.sign(CALLER)) == CALLER


@given(TEXT, st.none() | TEXT, st.frozensets(TEXT, max_size=4), st.datetimes(timezones=st.just(UTC)))
def test_every_fact_survives_the_way(channel: str, customer: str | None, scopes: frozenset[str], at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    given = replace(CALLER, channel=channel, customer=customer, scopes=scopes, at=at)

    assert ContextSigner(SECRET).verify(ContextSigner(SECRET).sign(given)) == given


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_context_says_which_header(signer: ContextSigner, token: str | None) -> None:
    with pytest.raises(ContextRejected, match=f"{CONTEXT_HEADER} is missing"):
        signer.verify(token)


@given(st.text(max_size=60) | st.lists(TEXT, min_size=3, max_size=3).map(".".join))
def test_anything_that_is_not_a_context_is_rejected(token: str) -> None:
    with pytest.raises(ContextRejected):
        ContextSigner(SECRET).verify(token)


def test_another_secret_is_rejected(signer: ContextSigner) -> None:
    with pytest.raises(ContextRejected, match="not valid"):
        signer.verify(ContextSigner(b"t" * 32).sign(CALLER))


def test_a_changed_claim_is_rejected(signer: ContextSigner) -> None:
    header, _, signature = signer.sign(CALLER).split(".")
    wider = {**claims_of(signer.sign(CALLER)), "sco": ["points:write"]}

    with pytest.raises(ContextRejected):
        signer.verify(f"{header}.{part(wider)}.{signature}")


@pytest.mark.parametrize("alg", ["none", "None", "HS384", "RS256"])
def test_no_other_algorithm_is_taken(signer: ContextSigner, alg: str) -> None:
    body = part(claims_of(signer.sign(CALLER)))

    with pytest.raises(ContextRejected):
        signer.verify(f"{part({'alg': alg})}.{body}.")


@pytest.mark.parametrize("claim", ["iss", "exp", "cha", "loc", "cus", "stf", "sco", "tra", "at"])
def test_a_context_without_one_of_its_claims_is_rejected(signer: ContextSigner, claim: str) -> None:
    claims = claims_of(signer.sign(CALLER))
    del claims[claim]

    with pytest.raises(ContextRejected):
        signer.verify(forge(claims))


def test_another_issuer_is_rejected(signer: ContextSigner) -> None:
    with pytest.raises(ContextRejected):
        signer.verify(forge({**claims_of(signer.sign(CALLER)), "iss": "somebody"}))


def test_an_expired_context_is_rejected(signer: ContextSigner) -> None:
    claims = claims_of(signer.sign(CALLER))

    with pytest.raises(ContextRejected, match="expired"):
        signer.verify(forge({**claims, "exp": claims["exp"] - TTL_S - LEEWAY_S - 1}))


def test_a_verified_context_is_not_remembered_past_its_expiry(
    signer: ContextSigner, clock: Callable[[float], None]
) -> None:
    token = signer.sign(CALLER)
    assert signer.verify(token) == CALLER

    clock(TTL_S - 2)
    assert signer.verify(token) == CALLER

    clock(LEEWAY_S + 4)
    with pytest.raises(ContextRejected, match="expired"):
        signer.verify(token)


def test_only_so_many_contexts_are_remembered(signer: ContextSigner) -> None:
    for number in range(VERIFIED_CACHE + 10):
        signer.verify(signer.sign(replace(CALLER, trace_id=str(number))))

    assert len(signer._verified) == VERIFIED_CACHE


def test_a_short_secret_is_refused_with_the_setting_to_change() -> None:
    with pytest.raises(ValueError, match="NOREN_CONTEXT_SECRET needs at least 32 bytes, got 31"):
        ContextSigner(b"s" * 31)


def test_a_scope_the_caller_lacks_is_named() -> None:
    CALLER.require("stock:read")
    with pytest.raises(Forbidden, match="'points:write'"):
        CALLER.require("points:write")


def test_a_customer_sees_itself_and_a_scope_sees_all() -> None:
    assert CALLER.may_see("cus_1", "customers:read")
    assert not CALLER.may_see("cus_2", "customers:read")
    assert CALLER.may_see("cus_2", "stock:read")
    assert not replace(CALLER, customer=None).may_see("cus_1", "customers:read")
