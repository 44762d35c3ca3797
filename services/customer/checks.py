"""From what came in to what is kept: every field checked and put into one shape, every problem named by its path.

Text is kept as people write themselves: composed (NFC) so that two keyboards agree, but never folded: 髙 stays 髙,
and compatibility ideographs, which NFC would replace, stay as well. No I/O. No refusal repeats a whole value.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kit.errors import InvalidInput, Path, Refusal, Refused
from services.customer.identity import ALWAYS_PROVEN, SHARED, IdentityType, Unusable, normalise
from services.customer.model import (
    MAX_IDENTITIES,
    MAX_IDENTITIES_OF_TYPE,
    UNSET,
    Customer,
    CustomerChanges,
    CustomerDraft,
    CustomerId,
    ExternalId,
    Identity,
    IdentityDraft,
    PersonName,
    PostalAddress,
    TooManyIdentities,
)
from services.customer.profile.model import Trait

INPUT: Path = ("input",)
MAX_TEXT = 200
"""Characters of a name, an address line, an e-mail address: the longest real ones stay below."""
MAX_CONTACTS = 10
"""E-mail addresses, phone numbers and postal addresses, each: they live in the profile's document."""
MAX_TAGS = 50
MAX_TAG = 40
MAX_EXTERNAL_IDS = 20
MAX_SOURCE = 64
MAX_EXTERNAL_VALUE = 128
"""Both are parts of an index entry."""
EARLIEST_BIRTHDAY = date(1900, 1, 1)
"""Nobody older is alive; earlier dates are what systems write for "unknown"."""
EARLIEST_MEMBER = datetime(1970, 1, 2, tzinfo=UTC)
"""Ids carry this time as milliseconds since 1970."""
EASTERNMOST = timedelta(hours=14)
"""Where a day begins first."""
KANA_SHIFT = ord("ァ") - ord("ぁ")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_COMPOSED = re.compile(r"[^\uf900-\ufaff\U0002f800-\U0002fa1f]+")
_HIRAGANA = re.compile(r"[ぁ-ゖゝゞ]")
_KANA = re.compile(r"[ァ-ヺー・ヽヾA-Za-z .'-]+")
_ROMAJI = re.compile(r"[A-Za-z\u00c0-\u024f .'-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_COUNTRY = re.compile(r"[A-Z]{2}")

Problems = list[Refusal]


def check_draft(draft: CustomerDraft, id: CustomerId, *, region: str, now: datetime) -> Customer:
    """The profile a draft describes, or Refused with every reason why not."""
    problems: Problems = []
    customer = _profile(draft, id, _identities(draft.identities, region, now, problems), now, problems)
    if problems:
        raise Refused(*problems)
    return customer


def check_draft_leniently(
    draft: CustomerDraft, id: CustomerId, *, region: str, now: datetime
) -> tuple[Customer, Problems]:
    """For imports: identities that cannot be are left out and reported; any other problem is Refused."""
    problems: Problems = []
    unusable: Problems = []
    identities = _identities(draft.identities, region, now, unusable)
    customer = _profile(draft, id, identities[:MAX_IDENTITIES], now, problems)
    if problems:
        raise Refused(*problems)
    return customer, unusable


def check_observed(draft: CustomerDraft, id: CustomerId, *, region: str, now: datetime, at: datetime) -> Customer:
    """Somebody as they were seen at `at`: at least one identity, of any kind; or Refused with every reason why not."""
    problems: Problems = []
    identities = _identities(draft.identities, region, now, problems, shared=True)
    if not draft.identities:
        problems.append(InvalidInput(path=(*INPUT, "identities"), expected="at least one", got="none"))
    customer = _profile(draft, id, identities, now, problems, at=at)
    if problems:
        raise Refused(*problems)
    return customer


def check_changes(changes: CustomerChanges, *, now: datetime) -> dict[str, object]:
    """The fields an edit sets, checked, by their name in `Customer`; or Refused."""
    problems: Problems = []
    values: dict[str, object] = {}
    for name, check in _FIELD_CHECKS.items():
        value = getattr(changes, name)
        if value is not UNSET:
            values[name] = check(value, (*INPUT, _camel(name)), problems)
    if changes.birthday is not UNSET:
        values["birthday"] = _birthday(changes.birthday, now, problems)
    if problems:
        raise Refused(*problems)
    return values


def check_identity(draft: IdentityDraft, path: Path, *, region: str, now: datetime) -> Identity:
    """The normalised identifier, or Refused with InvalidInput at `path`.

    One of a type that is given out to one person counts as verified, whoever says so.
    """
    try:
        value = normalise(draft.type, draft.value, region=region)
    except Unusable as unusable:
        raise Refused(_invalid(path, unusable.expected, draft.value)) from None
    return Identity(draft.type, value, now, draft.verified or draft.type in ALWAYS_PROVEN)


def check_own(draft: IdentityDraft, path: Path) -> None:
    """Refused for a kind of identifier that several people may use, which customerIdentify alone takes."""
    if draft.type in SHARED:
        raise Refused(InvalidInput(path=path, expected="a kind that is one person's own", got=draft.type.value))


def check_room(identities: Collection[Identity], type: IdentityType, path: Path) -> None:
    """Refused with TooManyIdentities if one more of `type` is too many."""
    limit = MAX_IDENTITIES_OF_TYPE[type]
    if sum(identity.type == type for identity in identities) >= limit:
        raise Refused(TooManyIdentities(path=path, type=type, limit=limit))
    if len(identities) >= MAX_IDENTITIES:
        raise Refused(TooManyIdentities(path=path, type=None, limit=MAX_IDENTITIES))


def line_of(text: str, limit: int) -> str | None:
    """The text as one trimmed, composed line; None if it is empty, too long, or no line."""
    problems: Problems = []
    line = _text(text, INPUT, problems, limit)
    return None if problems else line


def _profile(
    draft: CustomerDraft,
    id: CustomerId,
    identities: tuple[Identity, ...],
    now: datetime,
    problems: Problems,
    *,
    at: datetime | None = None,
) -> Customer:
    values = _values(draft, now, problems)
    source = _source(draft.source, problems)
    told = {name: value for name, value in values.items() if value is not None and value != ()}
    return Customer(
        id=id,
        **values,
        traits=tuple(Trait(name, source, at or now, value) for name, value in told.items()),
        member_since=_member_since(draft.member_since or at, now, problems),
        external_ids=_external_ids(draft.external_ids, problems),
        identities=identities,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _values(draft: CustomerDraft, now: datetime, problems: Problems) -> dict[str, Any]:
    """Every field that is kept with its source, checked."""
    values = {
        name: check(getattr(draft, name), (*INPUT, _camel(name)), problems) for name, check in _FIELD_CHECKS.items()
    }
    return values | {"birthday": _birthday(draft.birthday, now, problems)}


def _source(source: str, problems: Problems) -> str:
    kept = _text(source, (*INPUT, "source"), problems, MAX_SOURCE)
    if kept is None:
        problems.append(InvalidInput(path=(*INPUT, "source"), expected="the name of a source", got="none"))
    return kept or ""


def _identities(
    drafts: Iterable[IdentityDraft], region: str, now: datetime, problems: Problems, *, shared: bool = False
) -> tuple[Identity, ...]:
    kept: dict[tuple[IdentityType, str], Identity] = {}
    for index, draft in enumerate(drafts):
        path = (*INPUT, "identities", str(index))
        try:
            if not shared:
                check_own(draft, (*path, "type"))
            identity = check_identity(draft, (*path, "value"), region=region, now=now)
            if (identity.type, identity.value) not in kept:
                check_room(kept.values(), identity.type, path)
                kept[identity.type, identity.value] = identity
        except Refused as refused:
            problems += refused.refusals
        if index >= MAX_IDENTITIES * 2:
            break  # the limit has been reported; nobody needs it a thousand times
    return tuple(kept.values())


def _name(name: PersonName | None, path: Path, problems: Problems) -> PersonName | None:
    if name is None:
        return None
    return PersonName(
        given=_text(name.given, (*path, "given"), problems),
        family=_text(name.family, (*path, "family"), problems),
        middle=_text(name.middle, (*path, "middle"), problems),
        given_kana=_kana(name.given_kana, (*path, "givenKana"), problems),
        family_kana=_kana(name.family_kana, (*path, "familyKana"), problems),
        given_romaji=_romaji(name.given_romaji, (*path, "givenRomaji"), problems),
        family_romaji=_romaji(name.family_romaji, (*path, "familyRomaji"), problems),
    )


def _kana(text: str | None, path: Path, problems: Problems) -> str | None:
    """A reading: half width and hiragana become full-width katakana, so that ﾔﾏﾀﾞ, やまだ and ヤマダ sort as one."""
    kept = _text(text, path, problems)
    if kept is None:
        return None
    wide = unicodedata.normalize("NFKC", kept)
    reading = _HIRAGANA.sub(lambda match: chr(ord(match[0]) + KANA_SHIFT), wide)
    if not _KANA.fullmatch(reading):
        problems.append(_invalid(path, "a reading in kana", kept))
    return reading


def _romaji(text: str | None, path: Path, problems: Problems) -> str | None:
    """A reading in Latin letters, as in a passport; their case stays."""
    kept = _text(text, path, problems)
    if kept is None:
        return None
    reading = unicodedata.normalize("NFKC", kept)
    if not _ROMAJI.fullmatch(reading):
        problems.append(_invalid(path, "a reading in Latin letters", kept))
    return reading


def _word(text: str | None, path: Path, problems: Problems) -> str | None:
    return _text(text, path, problems, MAX_SOURCE)


def _text(text: str | None, path: Path, problems: Problems, limit: int = MAX_TEXT) -> str | None:
    """One line, trimmed and composed; empty is None."""
    if text is None:
        return None
    if len(text) > limit or _CONTROL.search(text):
        problems.append(_invalid(path, f"at most {limit} characters without control characters", text))
        return None
    composed = text if text.isascii() else _COMPOSED.sub(lambda match: unicodedata.normalize("NFC", match[0]), text)
    return composed.strip() or None


def _texts(
    texts: Iterable[str], path: Path, problems: Problems, *, most: int = MAX_CONTACTS, limit: int = MAX_TEXT
) -> tuple[str, ...]:
    given = tuple(texts)
    if len(given) > most:
        problems.append(InvalidInput(path=path, expected=f"at most {most}", got=str(len(given))))
        return ()
    checked = [_text(text, (*path, str(index)), problems, limit) for index, text in enumerate(given)]
    return tuple(dict.fromkeys(text for text in checked if text is not None))


def _tags(tags: Iterable[str], path: Path, problems: Problems) -> tuple[str, ...]:
    return _texts(tags, path, problems, most=MAX_TAGS, limit=MAX_TAG)


def _addresses(addresses: tuple[PostalAddress, ...], path: Path, problems: Problems) -> tuple[PostalAddress, ...]:
    if len(addresses) > MAX_CONTACTS:
        problems.append(InvalidInput(path=path, expected=f"at most {MAX_CONTACTS}", got=str(len(addresses))))
        return ()
    return tuple(_address(address, (*path, str(index)), problems) for index, address in enumerate(addresses))


def _address(address: PostalAddress, path: Path, problems: Problems) -> PostalAddress:
    if not _COUNTRY.fullmatch(address.country):
        problems.append(_invalid((*path, "country"), "an ISO 3166-1 code of two letters: JP", address.country))
    return PostalAddress(
        country=address.country,
        postal_code=_text(address.postal_code, (*path, "postalCode"), problems),
        region=_text(address.region, (*path, "region"), problems),
        city=_text(address.city, (*path, "city"), problems),
        line1=_text(address.line1, (*path, "line1"), problems),
        line2=_text(address.line2, (*path, "line2"), problems),
    )


def _language(language: str | None, path: Path, problems: Problems) -> str | None:
    if language is not None and not _LANGUAGE.fullmatch(language):
        problems.append(_invalid(path, "a BCP 47 language such as ja or pt-BR", language))
    return language


def _birthday(birthday: date | None, now: datetime, problems: Problems) -> date | None:
    latest = (now + EASTERNMOST).date()
    if birthday is not None and not EARLIEST_BIRTHDAY <= birthday <= latest:
        expected = f"a day from {EARLIEST_BIRTHDAY} to {latest}"
        problems.append(InvalidInput(path=(*INPUT, "birthday"), expected=expected, got="another"))
    return birthday


def _member_since(since: datetime | None, now: datetime, problems: Problems) -> datetime:
    if since is None:
        return now
    if not EARLIEST_MEMBER <= since <= now:
        expected = f"a time from {EARLIEST_MEMBER.date()} to now"
        problems.append(InvalidInput(path=(*INPUT, "memberSince"), expected=expected, got=since.isoformat()))
    return since


def _external_ids(ids: tuple[ExternalId, ...], problems: Problems) -> tuple[ExternalId, ...]:
    path = (*INPUT, "externalIds")
    if len(ids) > MAX_EXTERNAL_IDS:
        problems.append(InvalidInput(path=path, expected=f"at most {MAX_EXTERNAL_IDS}", got=str(len(ids))))
        return ()
    kept: list[ExternalId] = []
    for index, given in enumerate(ids):
        here = (*path, str(index))
        source = _text(given.source, (*here, "source"), problems, MAX_SOURCE)
        value = _text(given.value, (*here, "value"), problems, MAX_EXTERNAL_VALUE)
        if source and value:
            kept.append(ExternalId(source, value))
        else:
            problems.append(InvalidInput(path=here, expected="a source and a value", got="none"))
    return tuple(dict.fromkeys(kept))


_FIELD_CHECKS: dict[str, Callable[..., object]] = {
    "name": _name,
    "display_name": _text,
    "emails": _texts,
    "phones": _texts,
    "addresses": _addresses,
    "language": _language,
    "tags": _tags,
    "preferred_store": _word,
    "preferred_channel": _word,
}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _invalid(path: Path, expected: str, value: str) -> InvalidInput:
    """What came is told by its length only: it may be somebody's."""
    return InvalidInput(path=path, expected=expected, got=f"{len(value)} characters")
