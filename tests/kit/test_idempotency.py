"""Idempotency keys and the fingerprints that tell inputs apart."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, Refused
from kit.idempotency import MAX_KEY_LENGTH, check_key, fingerprint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int


@given(JSON, JSON)
def test_equal_input_and_only_that_has_an_equal_fingerprint(one: object, other: object) -> None:
    same = repr(one) == repr(other)  # repr tells True from 1, as JSON does

    assert fingerprint(one) == fingerprint(one)
    assert same or one == other or fingerprint(one) != fingerprint(other)


def test_the_order_of_keys_does_not_count_and_that_of_lines_does() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint([Line("A", 1), Line("B", 1)]) != fingerprint([Line("B", 1), Line("A", 1)])
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    code = (
        "from datetime import UTC, datetime; from decimal import Decimal; from kit.idempotency import fingerprint;"
        "print(fingerprint(frozenset('abcdef'), Decimal('1.50'), datetime(2026, 11, 22, tzinfo=UTC)))"
    )
    environments = [{"PYTHONHASHSEED": seed} for seed in ("1", "2")]
    runs = [subprocess.run([sys.executable, "-c", code], env=e, capture_output=True, text=True) for e in environments]

    here = fingerprint(frozenset("abcdef"), Decimal("1.50"), datetime(2026, 11, 22, tzinfo=UTC))
    assert [run.stdout.strip() for run in runs] == [here, here], runs[0].stderr


def test_what_has_no_content_of_its_own_has_no_fingerprint() -> None:
    with pytest.raises(TypeError):
        fingerprint(object())


@pytest.mark.parametrize("key", ["a", "till-7:000123", "x" * MAX_KEY_LENGTH, "注文 1"])
def test_a_printable_key_is_taken_as_it_is(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY_LENGTH + 1), "a\nb", "a\x00"])
def test_another_key_is_refused_at_its_place(key: str) -> None:
    with pytest.raises(Refused) as caught:
        check_key(key)

    (refusal,) = caught.value.refusals
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("input", "idempotencyKey")
    assert refusal.expected == f"1 to {MAX_KEY_LENGTH} printable characters"
