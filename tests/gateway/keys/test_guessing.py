"""Guesses at keys: none opens anything, and none costs us a look-up."""

import random
import string
from datetime import timedelta

import pytest

from gateway.access import Access, Ends
from gateway.keys.directory import KeyDirectory
from gateway.keys.model import Grant, Key, KeyDraft, LiveSecret
from gateway.keys.secret import ALPHABET, CHECKSUM_LENGTH, checksum, digest_of, new_key, new_key_id
from gateway.settings import GatewaySettings
from kit.errors import Unauthenticated
from kit.times import utc_now

PEPPER = b"p" * 32
GUESSES = 3_000
SEED = 20261125
HERE = Ends("10.0.0.1", "203.0.113.9")


class NoStore:
    """Fails whoever looks anything up."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"looked up: {name}")


def guesses(key: str, chance: random.Random) -> list[str]:
    """Near misses of a real key, with and without a fitting checksum; its id with other secrets; and noise."""
    body = key[:-CHECKSUM_LENGTH]
    found = []
    for number in range(GUESSES):
        kind = number % 4
        if kind == 3:
            found.append("".join(chance.choices(string.printable, k=chance.randrange(1, 90))).strip() or "x")
            continue
        at = chance.randrange(len(body) - 43, len(body))
        other = chance.choice([letter for letter in ALPHABET if letter != body[at]])
        near = body[:at] + other + body[at + 1 :]
        if kind == 2:
            near = body[:-43] + "".join(chance.choices(ALPHABET, k=43))
        found.append(near + (checksum(near) if kind else key[-CHECKSUM_LENGTH:]))
    return [guess for guess in found if guess != key]


def test_no_guess_opens_anything_and_none_is_looked_up() -> None:
    now, id = utc_now(), new_key_id()
    directory = KeyDirectory(NoStore(), PEPPER, "live")  # type: ignore[arg-type]
    key = new_key("live", id)
    draft = KeyDraft("till", grant=Grant(frozenset({"stock:read"})), expires_at=now + timedelta(days=1))
    directory._keys = {id: Key(id, draft, (LiveSecret(digest_of(PEPPER, key), now),), now)}
    access = Access(GatewaySettings(), directory)
    assert access.identify({"x-noren-key": key}, HERE, "t").name == "till"

    told = set()
    for guess in guesses(key, random.Random(SEED)):
        with pytest.raises(Unauthenticated) as refused:
            access.identify({"x-noren-key": guess}, HERE, "t")
        told.add(str(refused.value))

    assert not any(id in message or key in message for message in told)
    assert len(told) <= 4  # mistyped, not known: not how near it was
