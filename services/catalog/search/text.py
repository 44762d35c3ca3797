"""From what people write to what is compared: the one text pipeline of index and query. Pure.

A text becomes words (where spaces and punctuation part it), a word becomes tokens: a Latin word or number is one
token without its plural ending, a run of Japanese becomes its overlapping pairs of characters (bigrams). A query's
word is searched as the phrase of its tokens, so that しゃつ is found inside 長袖シャツ without a dictionary of words.
One character has no pair; characters are therefore tokens, too, in a part of the text behind: alone, and inside words.

The steps: NFKC (half-width kana, full-width Latin, ligatures) → lower case → accents of Latin
letters off → kanji variants to one form → hyphens after kana are the long-vowel mark → the mark at the end of a long
katakana word off (サーバー is サーバ, Kudo's rule for words of four and more) → katakana to hiragana, ヴ to b.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from services.catalog.search.kanji import VARIANTS

MAX_QUERY: Final = 200
"""Characters of a query that are looked at: longer ones are pasted texts, and each character costs a phrase."""
GAP: Final = "|"
"""Parts words in an indexed text; the index drops it and keeps its place, so that no phrase spans two words."""

INSIDE: Final = "*"

_LONG: Final = 4
"""Characters of a katakana word from which its last long-vowel mark says nothing."""
_KANA_HYPHEN = re.compile(r"(?<=[ぁ-ゖァ-ヺー])[-‐‑–—―−〜~]+")
_MIDDLE_DOT = re.compile(r"(?<=[ぁ-ゖァ-ヺー])・(?=[ぁ-ゖァ-ヺ])")
_LATIN_JOINT = re.compile(r"(?<=[a-z0-9])[-](?=[ぁ-ゖァ-ヺ])")
_FINAL_MARK = re.compile(rf"([ァ-ヺー]{{{_LONG - 1},}}?)ー+(?![ァ-ヺー])|([ぁ-ゖー]{{{_LONG - 1},}}?)ー+(?![ぁ-ゖー])")
_V = {"ゔぁ": "ば", "ゔぃ": "び", "ゔぇ": "べ", "ゔぉ": "ぼ", "ゔ": "ぶ"}
_V_SOUND = re.compile("ゔ[ぁぃぇぉ]?")
_TO_HIRAGANA = {code: chr(code - 0x60) for code in range(ord("ァ"), ord("ヶ") + 1)}
_JAPANESE = r"぀-ゟ゠-ヿ㐀-䶿一-鿿豈-﫿々〆ー"
_WORD = re.compile(rf"[{_JAPANESE}]+|[^\W_{_JAPANESE}]+")
_BREAK = re.compile(rf"[^\w{_JAPANESE}]+|_+")
_SCRIPTS = re.compile(r"[ぁ-ゖー]+|[ァ-ヺー]+|[㐀-䶿一-鿿豈-﫿々〆]+|[^\W_]+")
_IS_JAPANESE = re.compile(rf"[{_JAPANESE}]")
_ENGLISH = re.compile(r"[a-z]{3,}")


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """The text in the one form that is compared, words still parted as they were."""
    return _to_hiragana(_before_kana(text))


def tokens_of_word(word: str) -> list[str]:
    """The tokens of one folded word in order: searched as a phrase, indexed side by side."""
    tokens: list[str] = []
    for run in _WORD.findall(word):
        if not is_japanese(run):
            tokens.append(stem(run))
        elif len(run) == 1:
            tokens.append(run)
        else:
            tokens += [run[i : i + 2] for i in range(len(run) - 1)]
    return tokens


def indexed(texts: Sequence[str]) -> str:
    """What the index keeps of these texts: all tokens, gaps between words; then characters that stand alone, as 青 in
    青いシャツ does, and every character that is inside something."""
    pieces: list[str] = []
    singles: set[str] = set()
    for text in texts:
        for word in words_of(text):
            pieces += tokens_of_word(word)
            pieces.append(GAP)
            singles |= {inside(c) for c in word if is_japanese(c)}
        singles |= {part for part in split_by_script(text) if len(part) == 1 and is_japanese(part)}
    for single in sorted(singles):
        pieces += (single, GAP)
    return " ".join(pieces)


def inside(char: str) -> str:
    """The token of a character wherever it stands, as 青 in 青山."""
    return f"{INSIDE}{char}"


def words_of(text: str) -> list[str]:
    """The folded words of a text."""
    return [word for word in _BREAK.split(fold(text)) if word]


def split_by_script(text: str) -> list[str]:
    """The folded words of a text that was written without spaces: 長袖シャツ青 is 長袖, しゃつ and 青."""
    return [_to_hiragana(part) for part in _SCRIPTS.findall(_before_kana(text))]


def code_of(text: str) -> str:
    """A SKU, barcode or slug as it is compared: NFKC, lower case, no spaces; a GTIN without leading zeros."""
    code = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return code.lstrip("0") or code if code.isascii() and code.isdigit() else code


def sort_text(text: str) -> str:
    """What names are sorted by: folded, so that kana sort as they sound and case does not matter."""
    return " ".join(fold(text).split())


def is_japanese(text: str) -> bool:
    """Whether the first character is kana or kanji."""
    return _IS_JAPANESE.match(text) is not None


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A Latin word without its English plural (Harman's S-stemmer, 1991); everything else as it is."""
    if not _ENGLISH.fullmatch(word):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "sses", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("us", "ss")) and len(word) > 3:
        return word[:-1]
    return word


def distance(one: str, other: str, most: int) -> int:
    """Edits between two words (insert, delete, change, swap of neighbours; Damerau 1964), `most` + 1 if more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]


def tolerated(word: str) -> int:
    """Typing errors a word may have and still be meant: none in short ones, where every letter counts."""
    if is_japanese(word):
        return 0 if len(word) < 4 else 1
    if any(c.isdigit() for c in word) or len(word) < 4:
        return 0
    return 1 if len(word) < 8 else 2


def _before_kana(text: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(_without_accent(plain))
    plain = _MIDDLE_DOT.sub("", _KANA_HYPHEN.sub("ー", plain.translate(VARIANTS)))
    return _FINAL_MARK.sub(r"\1\2", _LATIN_JOINT.sub("", plain))


def _to_hiragana(text: str) -> str:
    return _V_SOUND.sub(lambda found: _V[found.group()], text.translate(_TO_HIRAGANA))


def _without_accent(text: str) -> Iterator[str]:
    for char in text:
        if char <= "\x7f" or char >= "\u0250":
            yield char
        else:
            yield unicodedata.normalize("NFD", char)[0]
