"""Derived keys are RFC 5869's, and one a purpose."""

from kit.keys import derive_key


def test_the_first_block_is_that_of_rfc_5869() -> None:
    secret, salt, info = b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA))

    assert (
        derive_key(secret, salt=salt, info=info)
        .hex()
        .startswith("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
    ), "test case 1 of appendix A"


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = {derive_key(b"s" * 32, salt=salt, info=info) for salt in (b"a", b"b") for info in (b"c", b"d")}

    assert len(keys) == 4
