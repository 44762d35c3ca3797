"""UTF-8, CP932 and Windows-1252 are told apart by what the bytes hold."""

import pytest

from noren.imports.encoding import decode
from noren.imports.errors import ImportStopped

JAPANESE = "品番,品名\n1,暖簾 ノレン\n"


def test_utf_8_with_and_without_a_mark() -> None:
    assert decode(JAPANESE.encode(), "utf-8", "t.csv") == JAPANESE
    assert decode(JAPANESE.encode("utf-8-sig"), "utf-8", "t.csv") == JAPANESE


def test_cp932_is_read_where_the_mapping_says_so() -> None:
    assert decode(JAPANESE.encode("cp932"), "cp932", "t.csv") == JAPANESE


@pytest.mark.parametrize(
    ("body", "encoding", "told"),
    [
        (JAPANESE.encode("cp932"), "utf-8", 'reads as CP932 .* encoding = "cp932"'),
        ("a\nb £30.00\n".encode("cp1252"), "utf-8", r'byte 0xa3 at line 2\); .* encoding = "cp1252"'),
        (JAPANESE.encode(), "cp932", 'is UTF-8, not cp932: set encoding = "utf-8"'),
        (JAPANESE.encode("utf-16"), "utf-8", "is UTF-16: save it as UTF-8"),
        (b"ok\n\x81\x20 broken", "cp932", "is not cp932 .* line 2"),
        (b"\x81\x8d\x8f", "utf-8", "save it as UTF-8"),
    ],
)
def test_a_wrong_encoding_is_told_with_the_right_one(body: bytes, encoding: str, told: str) -> None:
    with pytest.raises(ImportStopped, match=told):
        decode(body, encoding, "t.csv")
