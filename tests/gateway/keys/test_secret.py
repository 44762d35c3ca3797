"""How a key reads, and how one that was mistyped is told from one that is unknown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys.secret import ALPHABET, checksum, digest_of, is_ours, new_key, new_key_id, read_key


def test_a_key_is_read_as_it_was_made() -> None:
    id = new_key_id()
    text = new_key("test", id)
    assert re.fullmatch(r"nrn_test_[0-9a-z]{16}_[0-9A-Za-z]{49}", text)
    presented = read_key(text)
    assert presented is not None
    assert (presented.environment, presented.id, presented.text) == ("test", id, text)
    assert new_key("test", id) != text


BODY = "nrn_live_0123456789abcdef_" + "s3cret" * 7 + "x"
KEY = BODY + checksum(BODY)


@given(place=st.integers(0, len(KEY) - 1), letter=st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_always_noticed(place: int, letter: str) -> None:
    wrong = KEY[:place] + letter + KEY[place + 1 :]
    assert wrong == KEY or read_key(wrong) is None


@pytest.mark.parametrize(
    "text", ["", "nrn_live", KEY[:-1], KEY + "0", f" {KEY}", KEY.upper(), "secret", "nrn_live_a_b"]
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_key(text) is None


def test_the_checksum_is_crc_32_in_base_62() -> None:
    number = 0
    for letter in checksum("123456789"):
        number = number * 62 + ALPHABET.index(letter)
    assert number == 0xCBF43926  # the check value of CRC-32/ISO-HDLC


def test_what_is_kept_depends_on_the_pepper() -> None:
    assert digest_of(b"a" * 32, KEY) != digest_of(b"b" * 32, KEY)
    assert re.fullmatch("[0-9a-f]{64}", digest_of(b"a" * 32, KEY))
    assert (is_ours(KEY), is_ours("pos-secret")) == (True, False)
