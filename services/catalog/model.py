"""The words all of catalog shares: texts by locale, slugs, external ids, channels, and what a variant costs. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from kit.money import MAX_MINOR_UNITS, Money, net_of

MAX_TEXT = 10_000
"""Characters of a description."""
MAX_NAME = 300
MAX_EXTERNAL_IDS = 20
MAX_EXTERNAL_ID = 200
"""Characters of a source or a value: they live in an index entry."""
MAX_PRICES = 100
"""Prices of one variant: currencies times channels."""
MAX_LOCALES = 100
MAX_TAX_RATE_BP = 10_000
FALLBACK_LOCALE = "en"
LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
"""BCP 47 as far as anybody translates: language, script, region, variant."""

MAX_FALLBACKS = 10
"""Locales of a channel's chain."""

Translations = Mapping[str, str]
"""Text by locale: {"en": "Road bike", "ja": "ロードバイク"}."""
Locales = Sequence[str]
"""A fallback chain, the first locale first."""


class ChannelKind(StrEnum):
    """Where a channel's shoppers stand."""

    ONLINE = "ONLINE"
    STORE = "STORE"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where things are sold: its currency and the tax inside its prices, in basis points (1000 is 10 %).

    `locales` are those its texts fall back to, one after the other, where the locale asked for has none.
    """

    id: str
    name: str
    currency: str
    tax_rate_bp: int
    kind: ChannelKind = ChannelKind.ONLINE
    locales: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A tax-inclusive price in minor units; `channel` None holds for every channel without its own."""

    currency: str
    gross_minor: int
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """What an object is called elsewhere; unique a source."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class Price:
    """What one piece costs on a channel, tax included; `tax_rate_bp` in basis points."""

    gross: Money
    net: Money
    tax_rate_bp: int
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken(Refusal):
    """A slug, SKU, barcode or external id belongs to another product or category."""

    value: str
    code: ClassVar[str] = "TAKEN"

    @property
    def message(self) -> str:
        """Which value."""
        return f"{'.'.join(self.path)}: {self.value!r} is taken"


def price_of(prices: Sequence[PriceEntry], channel: Channel, currency: str | None = None) -> Price | None:
    """What something of these `prices` costs on `channel`, in its currency or the one asked for; None if nothing fits.

    The channel's own price goes before the one for all channels. The tax rate is the channel's.
    """
    wanted = currency or channel.currency
    general: PriceEntry | None = None
    for entry in prices:
        if entry.currency == wanted and entry.channel == channel.id:
            return _price(entry, channel)
        if entry.currency == wanted and entry.channel is None:
            general = entry
    return None if general is None else _price(general, channel)


def _price(entry: PriceEntry, channel: Channel) -> Price:
    net_minor = net_of(entry.gross_minor, channel.tax_rate_bp)
    return Price(
        gross=Money(entry.gross_minor, entry.currency),
        net=Money(net_minor, entry.currency),
        tax_rate_bp=channel.tax_rate_bp,
        channel=channel.id,
    )


def translated(texts: Translations, locale: str | None, chain: Locales = ()) -> str | None:
    """The text of the locale that answers, see `answering`; None if there is no text at all."""
    answer = answering(texts, locale, chain)
    return None if answer is None else texts[answer]


def answering(texts: Translations, locale: str | None, chain: Locales = ()) -> str | None:
    """Which locale of `texts` answers: the one asked for or its language, else the first of the channel's `chain` that
    has a text, else English, else whatever there is first. zh-Hant-TW asks zh-Hant and zh, too."""
    if not texts:
        return None
    for wanted in (*(() if locale is None else (locale,)), *chain, FALLBACK_LOCALE):
        found = _closest(texts, wanted)
        if found is not None:
            return found
    return next(iter(texts))


def _closest(texts: Translations, locale: str) -> str | None:
    while locale not in texts:
        locale, parent, _ = locale.rpartition("-")
        if not parent:
            return None
    return locale


def check_names(names: Translations, at: Path) -> list[Refusal]:
    """At least one name, none empty or longer than a line of any screen."""
    if not 1 <= len(names) <= MAX_LOCALES:
        return [invalid(at, f"1 to {MAX_LOCALES} locales", len(names))]
    return check_locales(names, at) + [
        invalid((*at, locale), f"1 to {MAX_NAME} characters", len(name))
        for locale, name in names.items()
        if not 1 <= len(name.strip()) <= MAX_NAME
    ]


def check_price(entry: PriceEntry, at: Path) -> list[Refusal]:
    """A price is at least nothing and at most what the graph can carry."""
    if 0 <= entry.gross_minor <= MAX_MINOR_UNITS:
        return []
    return [invalid(at, f"0 to {MAX_MINOR_UNITS} minor units", entry.gross_minor)]


def check_channel(channel: Channel, at: Path = ("input",)) -> list[Refusal]:
    """A channel's id is a slug and its tax rate a share."""
    problems = check_slug(channel.id, (*at, "id"))
    if not 0 <= channel.tax_rate_bp <= MAX_TAX_RATE_BP:
        problems.append(invalid((*at, "taxRate"), "0 to 1", channel.tax_rate_bp / 10_000))
    if len(channel.locales) > MAX_FALLBACKS or len(set(channel.locales)) != len(channel.locales):
        problems.append(invalid((*at, "locales"), f"at most {MAX_FALLBACKS}, all different", len(channel.locales)))
    problems += [
        invalid((*at, "locales", str(index)), "a locale such as en, ja or pt-BR", locale[:40])
        for index, locale in enumerate(channel.locales)
        if not LOCALE.fullmatch(locale)
    ]
    return problems


def check_slug(slug: str, at: Path) -> list[Refusal]:
    """A slug can stand in an address as it is."""
    parts = slug.split("-")
    if slug.isascii() and slug == slug.lower() and all(part.isalnum() for part in parts) and len(slug) <= MAX_NAME:
        return []
    return [invalid(at, "lower-case letters, digits and single hyphens", slug[:MAX_NAME])]


def check_locales(texts: Translations, at: Path) -> list[Refusal]:
    """Every locale is one."""
    return [
        invalid(at, "locales such as en, ja or pt-BR", repr(locale[:40]))
        for locale in texts
        if not LOCALE.fullmatch(locale)
    ]


def check_texts(texts: Translations, at: Path) -> list[Refusal]:
    """Texts by locale, none longer than a description."""
    if len(texts) > MAX_LOCALES:
        return [invalid(at, f"at most {MAX_LOCALES} locales", len(texts))]
    return check_locales(texts, at) + [
        invalid((*at, locale), f"at most {MAX_TEXT} characters", len(text))
        for locale, text in texts.items()
        if len(text) > MAX_TEXT
    ]


def check_external_ids(refs: Sequence[ExternalRef], at: Path) -> list[Refusal]:
    """Ids of other systems, one a source."""
    if len(refs) > MAX_EXTERNAL_IDS:
        return [invalid(at, f"at most {MAX_EXTERNAL_IDS}", len(refs))]
    problems: list[Refusal] = []
    sources = [ref.source for ref in refs]
    for index, ref in enumerate(refs):
        here = (*at, str(index))
        if not all(1 <= len(text) <= MAX_EXTERNAL_ID for text in (ref.source, ref.value)):
            problems.append(invalid(here, f"source and value of 1 to {MAX_EXTERNAL_ID} characters", "another length"))
        if sources.index(ref.source) != index:
            problems.append(invalid((*here, "source"), "one id a source", ref.source))
    return problems


def check_prices(prices: Sequence[PriceEntry], at: Path) -> list[Refusal]:
    """The prices of the variant at `at`, one a currency and channel."""
    problems: list[Refusal] = []
    if len(prices) > MAX_PRICES:
        problems.append(invalid((*at, "prices"), f"at most {MAX_PRICES} prices", len(prices)))
    keys = [(entry.currency, entry.channel) for entry in prices]
    for index, entry in enumerate(prices):
        here = (*at, "prices", str(index))
        problems += check_price(entry, (*here, "amount"))
        if keys.index(keys[index]) != index:
            problems.append(invalid(here, "one price a currency and channel", keys[index]))
    return problems


def invalid(path: Path, expected: str, got: object) -> InvalidInput:
    """A refusal of a value that can never be taken."""
    return InvalidInput(path=path, expected=expected, got=str(got))
