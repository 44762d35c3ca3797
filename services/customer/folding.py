"""How names are compared: spelling variants folded together. For matching only, never for what is shown. No I/O."""

import re
import unicodedata

VARIANTS = {
    "高": "髙", "崎": "﨑嵜", "斉": "斎齋齊", "辺": "邊邉", "沢": "澤", "浜": "濱濵", "桜": "櫻", "広": "廣",
    "国": "國", "島": "嶋嶌", "恵": "惠", "徳": "德", "瀬": "瀨", "真": "眞", "竜": "龍", "桧": "檜", "円": "圓",
    "栄": "榮", "学": "學", "実": "實", "寛": "寬", "曽": "曾", "条": "條", "槙": "槇", "淵": "渕渊", "館": "舘",
    "薮": "藪", "万": "萬", "吉": "𠮷", "土": "圡", "寿": "壽", "応": "應", "弥": "彌", "礼": "禮", "静": "靜",
    "黒": "黑", "浅": "淺", "滝": "瀧", "峰": "峯", "富": "冨", "園": "薗", "鴎": "鷗", "槻": "槻", "塩": "鹽",
    "関": "關", "駒": "駒", "穂": "穗", "秋": "穐", "衛": "衞", "予": "豫", "亀": "龜", "鉄": "鐵", "台": "臺",
}  # fmt: skip
"""Variants of one character that people's names are written with; the first is the one they are compared as."""
SMALL = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
KANA_SHIFT = ord("ァ") - ord("ぁ")
_FOLD = str.maketrans({variant: plain for plain, variants in VARIANTS.items() for variant in variants})
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_APART = re.compile(r"[\s・･'’.\-‐-―]+")
_HIRAGANA = re.compile("[ぁ-ゖゝゞ]")


def fold(text: str) -> str:
    """Full width, no spaces, lower case, hiragana as katakana, 髙 as 高."""
    wide = _APART.sub("", unicodedata.normalize("NFKC", _SELECTORS.sub("", text))).lower()
    return _HIRAGANA.sub(lambda match: chr(ord(match[0]) + KANA_SHIFT), wide).translate(_FOLD)


def fold_kana(text: str) -> str:
    """A reading as it is compared: small kana as large ones, since cards and tills print either."""
    return fold(text).translate(SMALL)
