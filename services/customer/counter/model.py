"""What a profile can be found by besides its identities: readings, names and last digits, as terms. No I/O.

A term is kept as an HMAC (`claim.store`); a term that no longer fits stays until the profile is erased, so whoever
finds by one looks at the profile itself before showing it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.customer.folding import fold, fold_kana
from services.customer.model import Customer, PersonName

KANA_PREFIX = 8
"""Characters of a reading that are told apart by the index; the rest is compared on the profile."""
GIVEN_PREFIX = 4
"""Of a given name alone; two of three customers say the family name."""
NAME_PREFIX = 3
LAST_DIGITS = 4


def terms_of(values: Mapping[str, Any]) -> set[str]:
    """The terms of these fields; `phones` may hold normalised identities as well."""
    terms: set[str] = set()
    for place, spelling in enumerate(_spellings(values.get("name"))):
        longest = KANA_PREFIX if place == 0 else GIVEN_PREFIX
        terms |= {f"k:{spelling[:length]}" for length in range(1, longest + 1)}
    for written in _written(values.get("name"), values.get("display_name")):
        terms |= {f"n:{written[:length]}" for length in range(1, NAME_PREFIX + 1)}
    terms |= {f"4:{digits[-LAST_DIGITS:]}" for digits in _digits(values.get("phones") or ())}
    return terms


def kana_terms(prefix: str) -> list[str]:
    """The terms that find readings beginning like this, of whole names and of given names; none if nothing is left."""
    spelling = fold_kana(prefix)
    return list(dict.fromkeys(f"k:{spelling[:length]}" for length in (KANA_PREFIX, GIVEN_PREFIX) if spelling))


def name_terms(name: str) -> list[str]:
    """The terms of which one finds a name, written or read."""
    written = fold(name)
    return [f"n:{written[:NAME_PREFIX]}", *kana_terms(name)] if written else []


def digits_term(digits: str) -> str:
    """The term of the last four digits."""
    return f"4:{fold(digits)}"


def is_read_as(customer: Customer, prefix: str) -> bool:
    """Whether a reading of the shown name begins with `prefix`, in any kana."""
    return any(spelling.startswith(fold_kana(prefix)) for spelling in _spellings(customer.name))


def is_called(customer: Customer, name: str) -> bool:
    """Whether the shown name begins so, in kanji, kana or Latin letters, whatever variant is typed."""
    written = _written(customer.name, customer.display_name)
    return is_read_as(customer, name) or any(one.startswith(fold(name)) for one in written)


def ends_with(customer: Customer, digits: str) -> bool:
    """Whether one of their numbers does."""
    numbers = [*customer.phones, *(identity.value for identity in customer.identities if identity.type == "PHONE")]
    return any(number.endswith(fold(digits)) for number in _digits(numbers))


def spoken_name(customer: Customer) -> str | None:
    """The name as staff say it: in Japanese the reading of the family name, else the family name, and 様."""
    name = customer.name
    family = None if name is None else name.family_kana or name.family
    is_japanese = (customer.language or "").startswith("ja") or (
        customer.language is None and name is not None and name.family_kana is not None
    )
    return f"{family}様" if is_japanese and family else customer.shown_name


def _spellings(name: PersonName | None) -> Iterator[str]:
    if name is None:
        return
    family, given = fold_kana(name.family_kana or ""), fold_kana(name.given_kana or "")
    yield from dict.fromkeys(spelling for spelling in (family + given, given) if spelling)


def _written(name: PersonName | None, display_name: str | None) -> Iterator[str]:
    family, given = ("", "") if name is None else (fold(name.family or ""), fold(name.given or ""))
    shown = "" if display_name is None else fold(display_name)
    romaji = "" if name is None else fold(f"{name.family_romaji or ''}{name.given_romaji or ''}")
    yield from dict.fromkeys(one for one in (family + given, given, shown, romaji) if one)


def _digits(numbers: Iterable[str]) -> Iterator[str]:
    for number in numbers:
        digits = "".join(char for char in fold(number) if char.isdigit())
        if len(digits) >= LAST_DIGITS:
            yield digits
