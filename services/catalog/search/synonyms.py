"""Words that mean the same to a shopper. Pure.

A group is a set of words or phrases any of which stands for all. The groups here ship with Noren; staff add groups
of their own and change these (`searchSynonymsSet`), which then lie in MongoDB.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.catalog.search.text import split_by_script, stem, words_of

MAX_TERMS: Final = 50
"""Words of one group: each becomes a phrase of every query that names one."""
MAX_WORDS: Final = 4
"""Words of one phrase."""
MAX_GROUPS_OF_QUERY: Final = 16
"""Words of a query that must be found; what is typed behind them is not looked at."""

MARK: Final = "ー"

Words = tuple[str, ...]
"""A phrase, folded, its Latin words without their plural."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one word of a query may be found as: any alternative, of each all its words."""

    alternatives: tuple[Words, ...]


SHIPPED: Final[Mapping[str, Sequence[str]]] = {
    "blue": ("青", "青色", "ブルー", "blue"),
    "navy": ("紺", "紺色", "ネイビー", "navy"),
    "red": ("赤", "赤色", "レッド", "red"),
    "black": ("黒", "黒色", "ブラック", "black"),
    "white": ("白", "白色", "ホワイト", "white"),
    "green": ("緑", "緑色", "グリーン", "green"),
    "yellow": ("黄", "黄色", "イエロー", "yellow"),
    "pink": ("桃色", "ピンク", "pink"),
    "purple": ("紫", "紫色", "パープル", "purple"),
    "brown": ("茶", "茶色", "ブラウン", "brown"),
    "grey": ("灰色", "グレー", "グレイ", "gray", "grey"),
    "orange": ("橙", "橙色", "オレンジ", "orange"),
    "silver": ("銀", "銀色", "シルバー", "silver"),
    "gold": ("金色", "ゴールド", "gold"),
    "shirt": ("シャツ", "shirt"),
    "t-shirt": ("Tシャツ", "ティーシャツ", "t-shirt", "tshirt", "tee"),
    "long-sleeve": ("長袖", "ロングスリーブ", "long sleeve", "long sleeved"),
    "short-sleeve": ("半袖", "ショートスリーブ", "short sleeve", "short sleeved"),
    "trousers": ("ズボン", "パンツ", "スラックス", "trousers", "pants"),
    "skirt": ("スカート", "skirt"),
    "dress": ("ワンピース", "ドレス", "dress"),
    "jacket": ("上着", "ジャケット", "jacket"),
    "coat": ("外套", "コート", "coat"),
    "socks": ("靴下", "ソックス", "socks"),
    "shoes": ("靴", "シューズ", "shoes"),
    "sneakers": ("スニーカー", "運動靴", "sneakers", "trainers"),
    "gloves": ("手袋", "グローブ", "gloves"),
    "hat": ("帽子", "ハット", "キャップ", "hat", "cap"),
    "bag": ("鞄", "カバン", "バッグ", "bag"),
    "watch": ("腕時計", "ウォッチ", "watch"),
    "men": ("男性", "紳士", "メンズ", "men", "mens"),
    "women": ("女性", "婦人", "レディース", "women", "womens", "ladies"),
    "kids": ("子供", "子ども", "こども", "キッズ", "kids", "children"),
    "bicycle": ("自転車", "バイク", "サイクル", "bicycle", "bike"),
    "helmet": ("ヘルメット", "helmet"),
    "mug": ("マグカップ", "マグ", "mug"),
    "umbrella": ("傘", "雨傘", "アンブレラ", "umbrella"),
    "towel": ("手拭い", "手ぬぐい", "タオル", "towel"),
}


def phrase(text: str) -> Words:
    """A phrase as it is compared."""
    return tuple(stem(word) for word in words_of(text))


class Thesaurus:
    """Groups by every phrase in them; an empty group of staff takes a shipped one away."""

    def __init__(self, own: Mapping[str, Sequence[str]] | None = None) -> None:
        self._by_phrase: dict[Words, dict[Words, None]] = {}
        for terms in {**SHIPPED, **(own or {})}.values():
            phrases = dict.fromkeys(found for term in terms if (found := phrase(term)))
            for one in phrases:
                self._by_phrase.setdefault(one, {}).update(phrases)

    def groups(self, query: str) -> list[Group]:
        """What must be found for a query: its words in order, the longest known phrases taken together."""
        return self._groups(phrase(query))

    def split_groups(self, query: str) -> list[Group]:
        """The same where a change of script parts words, too, and known words inside a run are found."""
        return self._groups([stem(word) for part in split_by_script(query) for word in self._known_parts(part)])

    def _groups(self, words: Sequence[str]) -> list[Group]:
        found: list[Group] = []
        at = 0
        while at < len(words) and len(found) < MAX_GROUPS_OF_QUERY:
            size = next((n for n in range(MAX_WORDS, 0, -1) if tuple(words[at : at + n]) in self._by_phrase), 1)
            taken = tuple(words[at : at + size])
            found.append(Group(tuple(dict.fromkeys([taken, *self._by_phrase.get(taken, ())]))))
            at += size
        return found

    def _known_parts(self, run: str) -> Iterable[str]:
        """しゃつあお is しゃつ and あお if both are known; a run with an unknown rest stays whole."""
        parts: list[str] = []
        at = 0
        while at < len(run):
            rest = run[at:]
            if (rest + MARK,) in self._by_phrase:  # the text pipeline took the mark off the whole run
                return [*parts, rest + MARK]
            size = next((size for size in range(len(rest), 1, -1) if (rest[:size],) in self._by_phrase), None)
            if size is None:
                return [run]
            parts.append(rest[:size])
            at += size
        return parts
