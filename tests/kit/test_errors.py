"""Refusals carry facts and a sentence; faults carry a code."""

import pytest

from kit.errors import (
    BadUserInput,
    Fault,
    Forbidden,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    Refusal,
    Refused,
    Unauthenticated,
    Unavailable,
    VersionConflict,
)


@pytest.mark.parametrize(
    ("refusal", "code", "message"),
    [
        (
            InvalidInput(path=("input", "lines", "0", "quantity"), expected="1 to 9", got="0"),
            "INVALID_INPUT",
            "input.lines.0.quantity: expected 1 to 9, got 0",
        ),
        (NotFound(kind="Wallet", id="wal_1"), "NOT_FOUND", "Wallet 'wal_1' does not exist"),
        (
            IdempotencyKeyReused(key="k1"),
            "IDEMPOTENCY_KEY_REUSED",
            "idempotency key 'k1' was used before with other input",
        ),
        (
            VersionConflict(expected_version=1, actual_version=3),
            "VERSION_CONFLICT",
            "expected version 1, but it is 3 by now",
        ),
    ],
)
def test_a_refusal_says_its_facts_in_one_sentence(refusal: Refusal, code: str, message: str) -> None:
    assert (refusal.code, refusal.message) == (code, message)


def test_a_refusal_points_at_the_input_it_is_usually_about() -> None:
    assert IdempotencyKeyReused(key="k").path == ("input", "idempotencyKey")
    assert VersionConflict(expected_version=1, actual_version=2).path == ("input", "expectedVersion")


def test_refused_carries_every_refusal_and_reads_as_all_their_sentences() -> None:
    first, second = NotFound(kind="Product", id="a"), NotFound(kind="Product", id="b")

    refused = Refused(first, second)

    assert list(refused.refusals) == [first, second]
    assert str(refused) == "Product 'a' does not exist; Product 'b' does not exist"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Unauthenticated, "UNAUTHENTICATED"),
        (Forbidden, "FORBIDDEN"),
        (BadUserInput, "BAD_USER_INPUT"),
        (Unavailable, "UNAVAILABLE"),
    ],
)
def test_every_fault_has_its_code(fault: type[Fault], code: str) -> None:
    assert fault.code == code
    assert str(fault("why")) == "why"
