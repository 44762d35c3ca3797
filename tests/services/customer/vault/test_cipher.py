"""What a member's key seals opens with it, in its place, and nowhere else."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.customer.vault.cipher import MemberKey, Unreadable, derive_master

MASTER = derive_master(b"a secret for tests only")


@pytest.mark.parametrize("value", [None, "髙橋", ["a", "b"], {"family": "髙橋"}, 7, True], ids=repr)
def test_what_was_sealed_opens(value: object) -> None:
    key = MemberKey.make("cus_1")
    assert key.open("name", key.seal("name", value)) == value


def test_one_value_is_never_sealed_twice_alike_and_its_digest_is() -> None:
    key = MemberKey.make("cus_1")
    assert key.seal("name", "x") != key.seal("name", "x")
    assert key.digest("name", {"a": 1, "b": 2}) == key.digest("name", {"b": 2, "a": 1})
    assert key.digest("name", "x") not in (key.digest("name", "y"), MemberKey.make("cus_1").digest("name", "x"))


def test_a_value_opens_in_its_place_only() -> None:
    key = MemberKey.make("cus_1")
    sealed = key.seal("name", "髙橋")
    for other, field in [(key, "tags"), (MemberKey.make("cus_1"), "name"), (MemberKey("cus_2", key._key), "name")]:
        with pytest.raises(Unreadable) as refused:
            other.open(field, sealed)
        assert "髙橋" not in str(refused.value)
    for damaged in (b"", sealed[:11], sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(Unreadable):
            key.open("name", damaged)


def test_a_key_is_wrapped_for_one_profile_and_one_master() -> None:
    key = MemberKey.make("cus_1")
    wrapped = key.wrap(MASTER)
    assert MemberKey.unwrap(AESGCM(MASTER), "cus_1", wrapped).open("name", key.seal("name", "x")) == "x"
    with pytest.raises(Unreadable):
        MemberKey.unwrap(AESGCM(MASTER), "cus_2", wrapped)
    with pytest.raises(Unreadable):
        MemberKey.unwrap(AESGCM(derive_master(b"another")), "cus_1", wrapped)
