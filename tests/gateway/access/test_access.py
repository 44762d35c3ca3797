"""Who is calling: keys, and headers that narrow and never widen."""

from hashlib import sha256
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.access import Access, Ends
from gateway.settings import GatewaySettings, is_loopback
from kit.errors import BadUserInput, Forbidden, Unauthenticated

LOCAL = {"host": "localhost:8000"}


def key(name: str, secret: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "sha256": sha256(secret.encode()).hexdigest(), **more}


WEB = key("web-shop", "web-secret", scopes=["orders:read", "points:read"])
POS = key("pos-ginza", "pos-secret", scopes=["stock:read"], channel="pos", location="loc_1", staff="stf_1")


def access(*keys: dict[str, Any], **settings: Any) -> Access:
    return Access(GatewaySettings(api_keys=keys, **settings))  # type: ignore[arg-type]


def identify(rules: Access, server_host: str = "127.0.0.1", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return rules.identify(named, Ends(server_host), "trace-1")


@pytest.mark.parametrize("header", [{"authorization": "Bearer pos-secret"}, {"x_noren_key": "pos-secret"}])
def test_a_key_says_who_calls_and_from_where(header: dict[str, str]) -> None:
    caller = identify(access(WEB, POS), **header)
    assert caller.name == "pos-ginza"
    context = caller.context
    assert (context.channel, context.location, context.customer, context.staff) == ("pos", "loc_1", None, "stf_1")
    assert (context.scopes, context.trace_id) == (frozenset({"stock:read"}), "trace-1")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none, though keys are configured"),
        pytest.param({"authorization": "Bearer nobody"}, id="unknown"),
        pytest.param({"authorization": "Bearer"}, id="empty"),
        pytest.param({"authorization": "Basic cG9zLXNlY3JldA=="}, id="another scheme"),
        pytest.param({"authorization": "Bearer " + POS["sha256"]}, id="the digest instead of the key"),
        pytest.param({"authorization": "Bearer pos-secret", "x_noren_key": "web-secret"}, id="two of them"),
        pytest.param({"x_noren_key": "マグ"}, id="not ASCII"),
    ],
)
def test_who_has_no_known_key_is_nobody(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        identify(access(WEB, POS), **LOCAL, **headers)


def test_headers_fill_what_the_key_leaves_open() -> None:
    headers = {"x_noren_channel": "app", "x_noren_location": "loc_9", "x_noren_customer": "cus_1", "x_noren_staff": "s"}
    context = identify(access(WEB), authorization="Bearer web-secret", **headers).context
    assert (context.channel, context.location, context.customer, context.staff) == ("app", "loc_9", "cus_1", "s")
    assert context.scopes == {"orders:read", "points:read"}


@pytest.mark.parametrize(("header", "value"), [("channel", "web"), ("location", "loc_2"), ("staff", "stf_2")])
def test_a_header_that_contradicts_the_key_is_forbidden_by_name(header: str, value: str) -> None:
    with pytest.raises(Forbidden, match=f"x-noren-{header}"):
        identify(access(POS), authorization="Bearer pos-secret", **{f"x_noren_{header}": value})


def test_a_header_that_repeats_the_key_is_fine() -> None:
    assert identify(access(POS), authorization="Bearer pos-secret", x_noren_channel="pos").context.channel == "pos"


@pytest.mark.parametrize("value", ["", " ", "a b", "-x", "x" * 65, "店", "a\tb"])
def test_a_narrowing_header_holds_an_id_and_nothing_else(value: str) -> None:
    with pytest.raises(BadUserInput, match="x-noren-customer"):
        identify(access(WEB), authorization="Bearer web-secret", x_noren_customer=value)


@pytest.mark.parametrize(
    ("asked", "left"),
    [("orders:read", {"orders:read"}), ("orders:read, points:read", {"orders:read", "points:read"}), ("", set())],
)
def test_scopes_can_be_dropped(asked: str, left: set[str]) -> None:
    assert identify(access(WEB), authorization="Bearer web-secret", x_noren_scopes=asked).context.scopes == left


def test_scopes_cannot_be_added() -> None:
    with pytest.raises(Forbidden, match="x-noren-scopes: the API key does not hold stock:write"):
        identify(access(WEB), authorization="Bearer web-secret", x_noren_scopes="orders:read stock:write")


def test_a_key_without_a_channel_calls_through_the_default_one() -> None:
    rules = access(WEB, default_channel="partner")
    assert identify(rules, authorization="Bearer web-secret").context.channel == "partner"


def test_without_keys_a_caller_of_this_machine_may_do_everything() -> None:
    caller = identify(access(), host="127.0.0.1:8000", x_noren_channel="kiosk")
    assert (caller.name, caller.context.channel) == ("development", "kiosk")
    assert {"stock:write", "orders:read"} <= caller.context.scopes


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "[::1]:8000", "127.0.0.9", "shop.localhost:1"])
def test_the_development_caller_comes_by_a_loopback_name(host: str) -> None:
    assert identify(access(), host=host).name == "development"


@pytest.mark.parametrize(
    ("host", "server_host"),
    [
        pytest.param("shop.example:8000", "127.0.0.1", id="a name pointed at loopback by a foreign page"),
        pytest.param("localhost.example", "127.0.0.1", id="a name that begins like loopback"),
        pytest.param("", "127.0.0.1", id="no name"),
        pytest.param("localhost", "192.0.2.7", id="a connection from outside"),
        pytest.param("localhost", "", id="a connection from who knows where"),
    ],
)
def test_the_development_caller_is_for_this_machine_only(host: str, server_host: str) -> None:
    with pytest.raises(Forbidden, match="NOREN_API_KEYS"):
        identify(access(), server_host=server_host, host=host)


def test_a_key_is_not_known_while_none_is_configured() -> None:
    with pytest.raises(Unauthenticated):
        identify(access(), **LOCAL, authorization="Bearer web-secret")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "shop.example"])
def test_a_gateway_without_keys_does_not_start_where_others_reach_it(host: str) -> None:
    with pytest.raises(ValidationError, match=r"NOREN_HOST is .* and there are no keys"):
        GatewaySettings(host=host)
    assert GatewaySettings(host=host, api_keys=(POS,)).host == host  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ([WEB, {**POS, "name": "web-shop"}], "each needs its own name"),
        ([WEB, {**WEB, "name": "other"}], "each needs its own sha256"),
        ([{**WEB, "sha256": "web-secret"}], "sha256"),
        ([{**WEB, "scopes": ["everything"]}], "scopes"),
        ([{**WEB, "chanel": "web"}], "chanel"),
        ([{**WEB, "customer": "two words"}], "customer"),
    ],
)
def test_keys_that_make_no_sense_stop_the_start(keys: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        GatewaySettings(api_keys=keys)  # type: ignore[arg-type]


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOREN_API_KEYS", '[{"name":"pos","sha256":"' + POS["sha256"] + '","channel":"pos"}]')
    monkeypatch.setenv("NOREN_GATEWAY_TIMEOUT_S", "3.5")
    settings = GatewaySettings()
    assert (settings.api_keys[0].channel, settings.gateway_timeout_s) == ("pos", 3.5)
    assert identify(Access(settings), x_noren_key="pos-secret").name == "pos"


@pytest.mark.parametrize(
    ("host", "is_it"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("", False)]
)
def test_loopback_is_told_from_the_rest(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it
