"""Made-up members as five sources know them, with the truth kept: names and towns are real, everything else is drawn.

A person stands in one to five sources: the shop's card desk, the web shop, the newsletter, a survey, LINE. Each source
has its own habits (the desk prints half-width readings, the newsletter has a name in one piece, the survey hiragana),
and errors are drawn on top: typing errors, small kana written large, variants of a kanji, another date of birth by a
digit, a move, a marriage. A part of the people live in households and share address and phone; some are twins.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data"
SOURCES: Final = ("desk", "web", "newsletter", "survey", "line")
SHARED_HOUSEHOLD: Final = 0.35
"""Of people, who live with somebody of the same family name, address and phone."""
TWINS: Final = 0.03
"""Of households, in which two were born on one day."""
MOVED: Final = 0.12
"""Of records, that have an address from before a move."""
MARRIED: Final = 0.02
"""Of records, that have a family name from before a marriage."""
MISTYPED: Final = 0.08
"""Of values, that have a typing error."""
VARIANT_OF: Final = {"高": "髙", "崎": "﨑", "斎": "齋", "辺": "邊", "沢": "澤", "浜": "濱", "広": "廣", "島": "嶋"}


@dataclass(frozen=True, slots=True)
class Known:
    """What one source knows of somebody; `person` is the truth. Values are as the source writes them."""

    id: str
    person: int
    source: str
    family: str | None = None
    given: str | None = None
    family_kana: str | None = None
    given_kana: str | None = None
    birthday: date | None = None
    postal: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    number: int
    family: tuple[str, str]
    given: tuple[str, str]
    birthday: date
    home: tuple[str, str]
    old_home: tuple[str, str]
    maiden: tuple[str, str]
    phone: str
    email: str


@dataclass(slots=True)
class Makers:
    """Names and towns, to draw from."""

    rng: random.Random
    families: list[tuple[str, str]] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)
    towns: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for row in rows("names.csv"):
            if row["kind"] == "family":
                self.families.append((row["spelling"], row["reading"]))
                self.weights.append(int(row["count"]))
            else:
                self.given.append((row["spelling"], row["reading"]))
        self.towns = [(row["postal"], row["prefecture"] + row["city"] + row["town"]) for row in rows("towns.csv")]

    def family(self) -> tuple[str, str]:
        """Spelling and reading, as often as it is had."""
        return self.rng.choices(self.families, self.weights)[0]

    def home(self) -> tuple[str, str]:
        """Postal code and address."""
        postal, town = self.rng.choice(self.towns)
        rng = self.rng
        return postal, f"{town}{rng.randint(1, 6)}丁目{rng.randint(1, 30)}番{rng.randint(1, 25)}号"

    def phone(self) -> str:
        """A mobile number."""
        return f"0{self.rng.choice((7, 8, 9))}0{self.rng.randint(10_000_000, 99_999_999)}"

    def birthday(self) -> date:
        """Of somebody between 18 and 85 years old in 2026."""
        return date(1941, 1, 1) + timedelta(self.rng.randrange(67 * 365))


@cache
def rows(name: str) -> Sequence[dict[str, str]]:
    """An extract's rows."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def generate(records: int, seed: int = 1) -> list[Known]:
    """So many records, of about half as many people; the same seed makes the same ones."""
    rng = random.Random(seed)
    makers = Makers(rng)
    made: list[Known] = []
    number = 0
    while len(made) < records:
        for person in _household(makers, number):
            number += 1
            seen = rng.sample(SOURCES, rng.choices(range(1, 6), (40, 30, 18, 8, 4))[0])
            made += [_as_known(makers, person, source) for source in seen]
    rng.shuffle(made)
    return made[:records]


def true_pairs(known: Sequence[Known]) -> int:
    """How many pairs of records are of one person."""
    counts: dict[int, int] = {}
    for one in known:
        counts[one.person] = counts.get(one.person, 0) + 1
    return sum(count * (count - 1) // 2 for count in counts.values())


def _household(makers: Makers, number: int) -> list[_Person]:
    rng = makers.rng
    family, home, phone = makers.family(), makers.home(), makers.phone()
    size = rng.randint(2, 4) if rng.random() < SHARED_HOUSEHOLD else 1
    people = [
        _Person(
            number=number + place,
            family=family,
            given=rng.choice(makers.given),
            birthday=makers.birthday(),
            home=home,
            old_home=makers.home(),
            maiden=makers.family(),
            phone=phone if rng.random() < 0.4 else makers.phone(),
            email=f"m{number + place}.{rng.randint(100, 999)}@{rng.choice(('example.jp', 'example.com'))}",
        )
        for place in range(size)
    ]
    if size > 1 and rng.random() < TWINS:
        people[1] = replace(people[1], birthday=people[0].birthday)
    return people


def _as_known(makers: Makers, person: _Person, source: str) -> Known:
    rng = makers.rng
    spelling, reading = person.maiden if rng.random() < MARRIED else person.family
    postal, address = person.old_home if rng.random() < MOVED else person.home
    whole = Known(
        id=f"{source}-{person.number}",
        person=person.number,
        source=source,
        family=_varied(rng, spelling),
        given=person.given[0],
        family_kana=_mistyped(rng, reading),
        given_kana=_mistyped(rng, person.given[1]),
        birthday=_misdated(rng, person.birthday),
        postal=postal,
        address=_readdressed(rng, address),
        phone=person.phone,
        email=person.email,
    )
    return HABITS[source](rng, whole)


def _at_the_desk(rng: random.Random, one: Known) -> Known:
    """A form filled in by hand: readings always, an e-mail address rarely."""
    return replace(one, email=one.email if rng.random() < 0.2 else None)


def _in_the_web_shop(rng: random.Random, one: Known) -> Known:
    """A delivery address; the birthday is asked for and often not told."""
    return replace(one, birthday=one.birthday if rng.random() < 0.5 else None)


def _by_newsletter(rng: random.Random, one: Known) -> Known:
    """An e-mail address and a name."""
    kana = {} if rng.random() < 0.3 else {"family_kana": None, "given_kana": None}
    return replace(one, birthday=None, postal=None, address=None, phone=None, **kana)


def _by_survey(rng: random.Random, one: Known) -> Known:
    """Readings only, a birthday, the postal code."""
    return replace(one, family=None, given=None, address=None, phone=None, email=None)


def _by_line(rng: random.Random, one: Known) -> Known:
    """Linked by hand in the app: name, birthday and phone."""
    phone = one.phone if rng.random() < 0.7 else None
    return replace(one, family_kana=None, given_kana=None, postal=None, address=None, email=None, phone=phone)


HABITS: Final = {
    "desk": _at_the_desk,
    "web": _in_the_web_shop,
    "newsletter": _by_newsletter,
    "survey": _by_survey,
    "line": _by_line,
}


def _varied(rng: random.Random, spelling: str) -> str:
    return "".join(VARIANT_OF.get(one, one) if rng.random() < 0.3 else one for one in spelling)


def _mistyped(rng: random.Random, reading: str) -> str:
    if rng.random() >= MISTYPED or len(reading) < 2:
        return reading
    place = rng.randrange(len(reading) - 1)
    match rng.randrange(3):
        case 0:
            return reading[:place] + reading[place + 1] + reading[place] + reading[place + 2 :]
        case 1:
            return reading[:place] + reading[place + 1 :]
        case _:
            return reading[:place] + rng.choice("あいうえおかきくけこさしすせそたちつてと") + reading[place + 1 :]


def _misdated(rng: random.Random, day: date) -> date:
    if rng.random() >= MISTYPED / 2:
        return day
    return rng.choice(
        (day.replace(year=day.year + rng.choice((-10, -1, 1, 10))) if day.day < 29 else day, day + timedelta(1))
    )


def _readdressed(rng: random.Random, address: str) -> str:
    """With hyphens, as many write it, or with a typing error."""
    if rng.random() < 0.5:
        address = address.replace("丁目", "-").replace("番", "-").replace("号", "")
    if rng.random() < MISTYPED:
        place = rng.randrange(len(address))
        address = address[:place] + address[place + 1 :]
    return address
