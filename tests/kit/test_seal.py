"""Seals: each is good for one call, to one service, with one context and body, for some seconds."""

from collections.abc import Callable
from time import time

import pytest

from kit import seal as module
from kit.context import ContextSigner
from kit.errors import Unavailable
from kit.seal import REPLAY_WINDOW_S, SEAL_LEEWAY_S, SEAL_TTL_S, Sealer, SealGuard, SealRejected

SECRET, TOKEN, BODY = b"s" * 32, "a.b.c", b'{"query":"{ a }"}'


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(seconds)` moves the time of day that sealing and checking see."""
    ahead = [0.0]
    monkeypatch.setattr(module, "time", lambda: time() + ahead[0])

    def move(seconds: float) -> None:
        ahead[0] += seconds

    return move


def guard(audience: str = "stock") -> SealGuard:
    return SealGuard(SECRET, audience)


def take(guard: SealGuard, seal: str | None, token: str = TOKEN, body: bytes = BODY) -> None:
    guard.check(guard.read(seal), token, body)


def test_a_fresh_seal_is_taken_once() -> None:
    seal, door = Sealer(SECRET, "stock")(TOKEN, BODY), guard()
    take(door, seal)

    with pytest.raises(SealRejected, match="used before"):
        take(door, seal)


def test_the_same_call_sealed_anew_is_taken_again() -> None:
    sealer, door = Sealer(SECRET, "stock"), guard()
    for _ in range(3):
        take(door, sealer(TOKEN, BODY))


@pytest.mark.parametrize(
    ("token", "body"), [(TOKEN, BODY + b" "), (TOKEN, b""), ("a.b.d", BODY), ("", BODY)], ids=lambda value: str(value)
)
def test_another_context_or_body_is_refused(token: str, body: bytes) -> None:
    with pytest.raises(SealRejected, match="not valid"):
        take(guard(), Sealer(SECRET, "stock")(TOKEN, BODY), token, body)


def test_a_seal_for_another_service_or_of_another_secret_is_refused() -> None:
    for sealer in (Sealer(SECRET, "order"), Sealer(b"t" * 32, "stock")):
        with pytest.raises(SealRejected, match="not valid"):
            take(guard(), sealer(TOKEN, BODY))


def test_what_is_refused_does_not_use_the_seal_up() -> None:
    seal, door = Sealer(SECRET, "stock")(TOKEN, BODY), guard()
    with pytest.raises(SealRejected):
        take(door, seal, body=b"{}")

    take(door, seal)


@pytest.mark.parametrize("seal", [None, "", "v1", "v1.1.2.3", "v2" + "." + "0" * 10, "v1.9999999999." + "a" * 24])
def test_what_is_no_seal_is_refused_before_the_body_is_read(seal: str | None) -> None:
    with pytest.raises(SealRejected, match=r"is missing|not valid"):
        guard().read(seal)


@pytest.mark.parametrize("at", range(1, 4))
def test_no_part_of_a_seal_can_be_changed(at: int) -> None:
    parts = Sealer(SECRET, "stock")(TOKEN, BODY).split(".")
    parts[at] = parts[at][:-1] + ("1" if parts[at][-1] != "1" else "2")
    with pytest.raises(SealRejected, match="not valid"):
        take(guard(), ".".join(parts))


def test_a_seal_lives_for_seconds(clock: Callable[[float], None]) -> None:
    old, door = Sealer(SECRET, "stock")(TOKEN, BODY), guard()
    clock(SEAL_TTL_S + SEAL_LEEWAY_S + 1)

    with pytest.raises(SealRejected, match="out of its time"):
        take(door, old)


def test_a_seal_that_claims_to_live_longer_is_refused(clock: Callable[[float], None]) -> None:
    clock(SEAL_LEEWAY_S + 2)
    ahead = Sealer(SECRET, "stock")(TOKEN, BODY)
    clock(-SEAL_LEEWAY_S - 2)

    with pytest.raises(SealRejected, match="out of its time"):
        take(guard(), ahead)


@pytest.mark.parametrize("later_s", [0.0, REPLAY_WINDOW_S * 0.9, REPLAY_WINDOW_S * 1.1])
def test_a_nonce_is_remembered_for_as_long_as_its_seal_could_be_taken(later_s: float) -> None:
    now = [REPLAY_WINDOW_S * 0.95]
    door = SealGuard(SECRET, "stock", lambda: now[0])
    now[0] = REPLAY_WINDOW_S * 1.9
    seal = Sealer(SECRET, "stock")(TOKEN, BODY)
    take(door, seal)
    now[0] += min(later_s, REPLAY_WINDOW_S)

    with pytest.raises(SealRejected, match="used before"):
        take(door, seal)


def test_what_is_remembered_is_forgotten_when_it_can_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_NONCES", 2)
    now = [0.0]
    sealer, door = Sealer(SECRET, "stock"), SealGuard(SECRET, "stock", lambda: now[0])
    take(door, sealer(TOKEN, BODY))
    take(door, sealer(TOKEN, BODY))
    with pytest.raises(Unavailable, match="too many calls"):
        take(door, sealer(TOKEN, BODY))
    now[0] += 2 * REPLAY_WINDOW_S

    take(door, sealer(TOKEN, BODY))


def test_the_signer_of_contexts_makes_both_ends() -> None:
    signer = ContextSigner(SECRET)

    take(signer.guard("stock"), signer.sealer("stock")(TOKEN, BODY))
