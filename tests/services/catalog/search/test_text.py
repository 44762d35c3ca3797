"""What people write, and what is compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.search.kanji import VARIANTS
from services.catalog.search.text import (
    code_of,
    distance,
    fold,
    indexed,
    split_by_script,
    stem,
    tokens_of_word,
    tolerated,
    words_of,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("長袖シャツ", "長袖しゃつ"),
        ("ｼｬﾂ", "しゃつ"),
        ("ﾊﾞｯｸﾞ", "ばっぐ"),
        ("Ｔシャツ", "tしゃつ"),
        ("T-シャツ", "tしゃつ"),
        ("サーバー", "さーば"),
        ("サーバーの", "さーばの"),
        ("こーひー", "こーひ"),
        ("コ－ヒ－", "こーひ"),
        ("コ-ヒ-", "こーひ"),
        ("カー", "かー"),
        ("ビール", "びーる"),
        ("ビル", "びる"),
        ("ヴァイオリン", "ばいおりん"),
        ("ヴ", "ぶ"),
        ("ロード・バイク", "ろーどばいく"),
        ("女の子・青", "女の子・青"),
        ("髙島屋", "高島屋"),
        ("渡邉と渡邊", "渡辺と渡辺"),
        ("國學院", "国学院"),
        ("Élan STRASSE straße", "elan strasse strasse"),
        ("㍑", "りっとる"),
        ("がぎ", "がぎ"),
    ],
)
def test_the_same_word_written_otherwise_is_the_same(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(alphabet=st.sampled_from("あァアｱーｰ-・ヴゔヵヶ髙高éÉßﬁA1 ｶﾞヽ々㍑_|")) | st.text(max_size=40))
def test_folding_twice_changes_nothing_but_a_mark_at_the_end_of_a_word_of_two_scripts(text: str) -> None:
    assert fold(fold(text)).replace("ー", "") == fold(text).replace("ー", "")


@given(st.text(alphabet="アイウエオカガシジャツッテパヴブー", max_size=12))
def test_half_width_kana_and_hiragana_fold_as_katakana(text: str) -> None:
    half = {unicodedata.normalize("NFKC", chr(c)): chr(c) for c in range(0xFF66, 0xFF9E)}
    narrow = "".join(
        half.get(c, c) for c in unicodedata.normalize("NFD", text).replace("\u3099", "ﾞ").replace("\u309a", "ﾟ")
    )

    assert fold(narrow) == fold(text)


def test_no_kanji_is_folded_to_one_that_is_folded_again() -> None:
    assert [old for old, new in VARIANTS.items() if ord(new) in VARIANTS] == []


def test_a_run_becomes_pairs_and_a_word_of_two_scripts_stays_one() -> None:
    assert tokens_of_word("長袖しゃつ") == ["長袖", "袖し", "しゃ", "ゃつ"]
    assert tokens_of_word("青tしゃつ") == ["青", "t", "しゃ", "ゃつ"]
    assert tokens_of_word("青") == ["青"]
    assert tokens_of_word("shirts") == ["shirt"]
    assert tokens_of_word("") == []


def test_an_indexed_text_has_gaps_between_words_and_every_character_alone() -> None:
    assert indexed(["青い いす", "blue"]) == "青い | いす | blue | *い | *す | *青 | い | 青 |"


def test_words_part_at_spaces_and_punctuation() -> None:
    assert words_of("メンズ　長袖シャツ/青_L (road-bike)") == ["めんず", "長袖しゃつ", "青", "l", "road", "bike"]


def test_a_query_without_spaces_parts_where_the_script_changes() -> None:
    assert split_by_script("長袖シャツ青blue") == ["長袖", "しゃつ", "青", "blue"]


def test_codes_are_compared_without_case_spaces_and_leading_zeros() -> None:
    assert code_of("ＢＫ－ｍ68 b") == "bk-m68b"
    assert code_of("0 4006381 333931") == code_of("4006381333931") == "4006381333931"
    assert code_of("000") == "000"


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("shirts", "shirt"), ("dresses", "dress"), ("batteries", "battery"), ("glass", "glass"), ("bus", "bus"),
        ("boxes", "box"), ("watches", "watch"), ("shoes", "shoe"), ("gas", "gas"), ("500s", "500s"), ("長袖", "長袖"),
    ],
)  # fmt: skip
def test_plurals_are_the_same_word(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed
    assert stem(stemmed) == stemmed


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("shirt", "shirt", 0), ("shrit", "shirt", 1), ("shirt", "short", 1), ("abc", "xyz", 3), ("a", "abcd", 3)],
)
def test_edits_between_words(one: str, other: str, edits: int) -> None:
    assert distance(one, other, 2) == min(edits, 3)
    assert distance(other, one, 2) == min(edits, 3)


def test_short_words_and_numbers_are_taken_as_they_are() -> None:
    assert [tolerated(word) for word in ("red", "shirt", "mountain", "bk200", "しゃつ", "すにーか")] == [
        0,
        1,
        2,
        0,
        0,
        1,
    ]
