"""A seeded clothing catalog in Japanese and English, and what a search for its words should find."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.catalog.model import PriceEntry
from services.catalog.product.model import Option, ProductDraft, Sku, Variant

SEED = 20261125
VARIANTS_EACH = 7
COLORS = {
    "ブルー": ("青", "ブルー", "blue"), "レッド": ("赤", "ﾚｯﾄﾞ", "red"), "ブラック": ("黒", "ブラック", "black"),
    "ホワイト": ("白", "ほわいと", "white"), "グリーン": ("緑", "グリーン", "green"),
    "ネイビー": ("紺", "ネイビー", "navy"),
    "グレー": ("灰色", "グレー", "grey"), "ピンク": ("ピンク", "ぴんく", "pink"), "ベージュ": ("ベージュ", "べーじゅ"),
}  # fmt: skip
"""Shown color, and the ways it is typed."""
KINDS = {
    "シャツ": (("シャツ", "しゃつ", "ｼｬﾂ", "shirt"), "Shirt"),
    "ワンピース": (("ワンピース", "わんぴーす", "dress"), "Dress"),
    "ジャケット": (("ジャケット", "じゃけっと", "jacket", "上着"), "Jacket"),
    "スカート": (("スカート", "すかーと", "skirt"), "Skirt"),
    "ニット": (("ニット", "にっと", "ﾆｯﾄ"), "Knit"),
    "靴下": (("靴下", "ソックス", "socks"), "Socks"),
    "手袋": (("手袋", "グローブ", "gloves"), "Gloves"),
    "帽子": (("帽子", "ハット", "hat"), "Hat"),
    "リュック": (("リュック", "りゅっく"), "Rucksack"),
    "水筒": (("水筒",), "Water bottle"),
    "スニーカー": (("スニーカー", "すにーかー", "sneakers"), "Sneakers"),
    "セーター": (("セーター", "せーたー", "セータ"), "Sweater"),
}
SLEEVES = {"長袖": ("長袖", "ロングスリーブ", "long sleeve"), "半袖": ("半袖", "short sleeve"), "": ()}
MATERIALS = {"綿": "cotton", "麻": "linen", "ウール": "wool", "シルク": "silk", "ナイロン": "nylon"}
FOR = {"メンズ": "men", "レディース": "women", "キッズ": "kids"}
LINES = ("暖簾", "縁側", "藍染", "富士", "桜並木", "Coast", "Harbor", "Studio", "Trail", "Atelier")
HOUSES, FORMS = ("髙島", "Nordwind", "青山", "Kaede", "山吹", "Ostra"), ("Works", "堂", "& Co", "商店", "Lab")
BRANDS = tuple(f"{house} {form}" for house in HOUSES for form in FORMS)
"""Some have the character of a color in their name, as brands do."""
SIZES = ("S", "M", "L", "XL")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a product was made from."""

    slug: str
    kind: str
    sleeve: str
    colors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and the slugs of all it should find."""

    text: str
    truth: frozenset[str]


def goods(variants: int, categories: Sequence[str]) -> Iterator[tuple[ProductDraft, Traits]]:
    """So many variants, `VARIANTS_EACH` a product; the same for the same arguments."""
    rng = random.Random(SEED)
    for number in range(-(-variants // VARIANTS_EACH)):
        traits = Traits(
            slug=f"item-{number}",
            kind=rng.choice(list(KINDS)),
            sleeve=rng.choice(list(SLEEVES)),
            colors=tuple(rng.sample(list(COLORS), 2)),
        )
        yield _draft(number, traits, rng, categories), traits


def questions(traits: Sequence[Traits], count: int) -> list[Question]:
    """Queries of one to three words, each word typed in one of its ways."""
    rng = random.Random(SEED + 1)
    asked: dict[str, Question] = {}
    while len(asked) < count:
        kind, sleeve, color = rng.choice(list(KINDS)), rng.choice(["", "長袖", "半袖"]), rng.choice(["", *COLORS])
        words = [rng.choice(KINDS[kind][0])]
        words += [rng.choice(SLEEVES[sleeve])] if sleeve else []
        words += [rng.choice(COLORS[color])] if color else []
        text = " ".join(rng.sample(words, len(words)))
        truth = {
            one.slug
            for one in traits
            if one.kind == kind and (not sleeve or one.sleeve == sleeve) and (not color or color in one.colors)
        }
        if truth:  # where there is nothing, a forgiving search may show what is near
            asked[text] = Question(text, frozenset(truth))
    return list(asked.values())


def _draft(number: int, traits: Traits, rng: random.Random, categories: Sequence[str]) -> ProductDraft:
    material, wearer, line = rng.choice(list(MATERIALS)), rng.choice(list(FOR)), rng.choice(LINES)
    english = f"{line} {FOR[wearer]}'s {MATERIALS[material]} {KINDS[traits.kind][1].lower()} {number}"
    japanese = f"{line} {wearer} {material}{traits.sleeve}{traits.kind} {number}"
    if traits.sleeve:
        english = english.replace("'s ", f"'s {SLEEVES[traits.sleeve][-1]} ")
    amount = rng.randrange(9, 300) * 100
    pairs = [(color, size) for color in traits.colors for size in SIZES][:VARIANTS_EACH]
    return ProductDraft(
        slug=traits.slug,
        names={"ja": japanese, "en": english},
        descriptions={"ja": f"{material}で仕立てた一着。洗うほどなじみます。", "en": f"Made of {MATERIALS[material]}."},
        brand=rng.choice(BRANDS),
        category_ids=(rng.choice(categories),),  # type: ignore[arg-type]
        options=(Option("color", traits.colors), Option("size", SIZES)),
        variants=tuple(
            Variant(
                sku=Sku(f"IT{number}-{place}"),
                options={"color": color, "size": size},
                prices=(PriceEntry("JPY", amount),),
            )
            for place, (color, size) in enumerate(pairs)
        ),
    )
