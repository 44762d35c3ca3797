import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.identity import IdentityType, Unusable, claim_key, derive_key, normalise

EMAIL, PHONE, CARD, LINE = IdentityType.EMAIL, IdentityType.PHONE, IdentityType.CARD, IdentityType.LINE
LINE_ID = "U" + "0123456789abcdef" * 2


def normal(type: IdentityType, raw: str, region: str = "JP") -> str:
    return normalise(type, raw, region=region)


@pytest.mark.parametrize(
    ("type", "raw", "expected"),
    [
        (EMAIL, " Hanako@Example.JP ", "hanako@example.jp"),
        (EMAIL, "ＨＡＮＡＫＯ＠ｅｘａｍｐｌｅ．ｊｐ", "hanako@example.jp"),
        (EMAIL, "jösé24@Adventure-Works.com", "jösé24@adventure-works.com"),
        (EMAIL, "info@日本.jp", "info@日本.jp"),
        (EMAIL, "info@xn--wgv71a.jp", "info@日本.jp"),
        (EMAIL, "aaa@docomo.ne.jp", "aaa@docomo.ne.jp"),
        (EMAIL, "7@example.jp", "7@example.jp"),
        (PHONE, "０９０－１２３４－５６７８", "+819012345678"),
        (PHONE, "090ー1234ー5678", "+819012345678"),
        (PHONE, "(090) 1234 5678", "+819012345678"),
        (PHONE, "+81 (0)90-1234-5678", "+819012345678"),
        (PHONE, "03-3224-9999", "+81332249999"),
        (PHONE, "+44 20 7946 0018", "+442079460018"),
        (CARD, "１２３４－５６７８ ab", "12345678AB"),
        (CARD, "4901-2345-6789-4", "4901234567894"),
        (LINE, f" {LINE_ID.lower()} ", LINE_ID),
        (LINE, LINE_ID.upper(), LINE_ID),
    ],
)
def test_spellings_of_one_identifier_normalise_to_the_same_value(type: IdentityType, raw: str, expected: str) -> None:
    assert normal(type, raw) == expected
    assert normal(type, expected) == expected


def test_a_national_number_is_read_in_the_region_of_the_settings() -> None:
    assert normal(PHONE, "020 7946 0018", region="GB") == "+442079460018"


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        *((type, raw) for type in IdentityType for raw in ("", "   ", "null", "NULL", "test", "0", "0000", "x" * 400)),
        (EMAIL, "hanako"),
        (EMAIL, "a@b"),
        (EMAIL, "null@example.jp"),
        (EMAIL, "test@gmail.com"),
        (EMAIL, "000@example.jp"),
        (EMAIL, "a@example.test"),
        (EMAIL, "a\x00b@example.jp"),
        (EMAIL, "a\ud800@example.jp"),
        (PHONE, "0000000000"),
        (PHONE, "090-0000-0000"),
        (PHONE, "１１１－１１１１－１１１１"),
        (PHONE, "12345"),
        (PHONE, "1 (11) 500 555-0162"),
        (PHONE, "03-3224-9999 ext. 12"),
        (PHONE, "0120-FLOWERS"),
        (CARD, "abc"),
        (CARD, "1111-1111"),
        (CARD, "12_34_!"),
        (CARD, "カード1234"),
        (LINE, "U123"),
        (LINE, "U" + "0" * 32),
        (LINE, "U" + "f" * 32),
        (LINE, "V" + LINE_ID[1:]),
    ],
)
def test_what_identifies_nobody_is_unusable(type: IdentityType, raw: str) -> None:
    with pytest.raises(Unusable) as refused:
        normal(type, raw)
    assert refused.value.expected


@given(
    st.sampled_from(IdentityType),
    st.one_of(
        st.text(max_size=60),
        st.emails(),
        st.builds(
            lambda local, tld: f"{local}@ｅxample.{tld}",
            st.text(min_size=1, max_size=8),
            st.sampled_from(["jp", "日本", "ＣＯＭ"]),
        ),
        st.text(alphabet="０１２３４５６７８９0123456789+-ー() ", min_size=9, max_size=16),
        st.text(alphabet=string.ascii_letters + string.digits + "Ａ１ﾊ-－", min_size=3, max_size=34),
        st.from_regex(re.compile(r"[Uu][0-9a-fA-F]{32}"), fullmatch=True),
    ),
)
def test_normalising_again_changes_nothing(type: IdentityType, raw: str) -> None:
    try:
        value = normal(type, raw)
    except Unusable:
        return
    assert normal(type, value) == value


@given(st.emails())
def test_case_and_width_never_tell_mail_addresses_apart(raw: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in raw)
    try:
        value = normal(EMAIL, raw)
    except Unusable:
        return
    assert normal(EMAIL, raw.upper()) == normal(EMAIL, wide) == value


def test_a_claim_key_names_the_type_and_hides_the_value() -> None:
    secret = derive_key(b"secret")
    key = claim_key(secret, EMAIL, "hanako@example.jp")
    assert re.fullmatch(r"EMAIL:[0-9a-f]{64}", key)
    assert key != claim_key(derive_key(b"another"), EMAIL, "hanako@example.jp")
