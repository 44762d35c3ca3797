"""What identifies a customer: how a value is normalised, when it identifies nobody, and the key it is claimed under.

Two spellings of one identifier normalise to the same value; normalising again changes nothing. No I/O.
"""

import hashlib
import hmac
import re
import unicodedata
from enum import StrEnum

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from kit import keys

MAX_RAW_LENGTH = 320
"""Characters of a value as it comes in: RFC 5321 allows an e-mail address 64 + 1 + 255; the others are shorter."""
CARD_LENGTHS = (4, 32)
"""Fewer characters are guessed too easily; more fit on no card and in no barcode of one."""
ZERO_TAIL = 8
"""A number that ends in this many zeros is what a form gets from somebody in a hurry: 090-0000-0000."""
OPAQUE_LENGTHS = (3, 128)
"""A browser's or an app's id is a UUID, a till's is short; longer ones are no ids."""
PLACEHOLDERS = frozenset({"null", "nil", "none", "na", "nan", "test", "unknown", "undefined", "dummy", "sample"})
"""What tills and exports write where a customer has nothing."""
MIN_SAME_DIGITS = 3
MIN_SAME_LETTERS = 6
"""How often one character is repeated before nobody can mean it; `7@` and `aaa@` are people's mailboxes."""
HKDF_SALT = b"noren/customer"
HKDF_INFO = b"identity claims v1"

_LETTER = re.compile(r"[^\W\d_ー]")
"""A letter; the long-vowel mark is not one here, people type it for a hyphen."""
_SEPARATORS = re.compile(r"[\s\-‐-―−ー_.]+")
_CARD = re.compile(f"[0-9A-Z]{{{CARD_LENGTHS[0]},{CARD_LENGTHS[1]}}}")
_OPAQUE = re.compile(f"[0-9A-Za-z._:/+=-]{{{OPAQUE_LENGTHS[0]},{OPAQUE_LENGTHS[1]}}}")
_NUMBER_OR_ID = re.compile(f"[0-9A-Za-z._:/+=-]{{1,{OPAQUE_LENGTHS[1]}}}")
_SYSTEM = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LINE = re.compile(r"[Uu][0-9A-Fa-f]{32}")


class IdentityType(StrEnum):
    """The kinds of identifiers a profile can be found by."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CARD = "CARD"
    LINE = "LINE"
    POS = "POS"
    EXTERNAL = "EXTERNAL"
    APP = "APP"
    DEVICE = "DEVICE"


ALWAYS_PROVEN = frozenset({IdentityType.CARD, IdentityType.LINE, IdentityType.POS, IdentityType.EXTERNAL})
"""Given out by a system that knows whom it gives them to; an e-mail or a phone is proven by an answer to a message."""
SHARED = frozenset({IdentityType.APP, IdentityType.DEVICE})
"""Things that several people may use, one after another: they prove nobody."""


class Unusable(ValueError):
    """The value cannot identify anybody; `expected` says what could. Holds nothing of the value itself."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def normalise(type: IdentityType, raw: str, *, region: str) -> str:
    """The one spelling of an identifier, or Unusable. `region` (ISO 3166) reads phone numbers without country code."""
    text = unicodedata.normalize("NFKC", raw[: MAX_RAW_LENGTH + 1]).strip()
    if not text or len(raw) > MAX_RAW_LENGTH:
        raise Unusable(f"1 to {MAX_RAW_LENGTH} characters")
    match type:
        case IdentityType.EMAIL:
            value, core = _email(text)
        case IdentityType.PHONE:
            value, core = _phone(text, region)
        case IdentityType.CARD:
            value = core = _card(text)
        case IdentityType.LINE:
            value, core = _line(text)
        case IdentityType.EXTERNAL:
            value, core = _external(text)
        case IdentityType.POS | IdentityType.APP | IdentityType.DEVICE:
            value = core = _opaque(text)
    if _is_placeholder(core):
        raise Unusable("a value that belongs to one person, not a placeholder")
    return value


def claim_key(secret: bytes, type: IdentityType, value: str) -> str:
    """The `_id` of the document that claims a normalised value: `EMAIL:` and its HMAC-SHA256 in hexadecimal."""
    return f"{type.value}:{hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()}"


def derive_key(secret: bytes) -> bytes:
    """The key of all claims from a configured secret: HKDF-SHA256 (RFC 5869), one block."""
    return keys.derive_key(secret, salt=HKDF_SALT, info=HKDF_INFO)


def _email(text: str) -> tuple[str, str]:
    """Address and mailbox name, lower case; the domain in Unicode."""
    value = _valid_email(text)
    if not value.isascii() and _valid_email(value) != value:
        raise Unusable("an e-mail address without characters that change when written in lower case")
    return value, value.rpartition("@")[0]


def _valid_email(text: str) -> str:
    try:
        checked = validate_email(text.lower(), check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        raise Unusable("an e-mail address such as hanako@example.jp") from None
    return unicodedata.normalize("NFKC", checked.normalized).lower()


def _phone(text: str, region: str) -> tuple[str, str]:
    """E.164 and the national number, for numbers that can be dialled."""
    expected = f"a phone number, with its country code unless it is of {region}: +819012345678"
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        raise Unusable(expected) from None
    if _LETTER.search(text) or number.extension:
        raise Unusable(expected + ", without extension or letters")
    national = phonenumbers.national_significant_number(number)
    if national.endswith("0" * ZERO_TAIL):
        return text, "0"
    if not phonenumbers.is_valid_number(number):
        raise Unusable(expected)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), national


def _card(text: str) -> str:
    bare = _SEPARATORS.sub("", text)
    value = bare.upper() if bare.isascii() else ""
    if not _CARD.fullmatch(value):
        raise Unusable(f"{CARD_LENGTHS[0]} to {CARD_LENGTHS[1]} digits and letters A to Z")
    return value


def _line(text: str) -> tuple[str, str]:
    if not _LINE.fullmatch(text):
        raise Unusable("a LINE user id: U and 32 hexadecimal digits")
    body = text[1:].lower()
    return f"U{body}", body


def _opaque(text: str) -> str:
    """An id some machine made: its case is part of it."""
    if not _OPAQUE.fullmatch(text):
        raise Unusable(f"{OPAQUE_LENGTHS[0]} to {OPAQUE_LENGTHS[1]} letters, digits and . _ : / + = -")
    return text


def _external(text: str) -> tuple[str, str]:
    """`system:id`; the system in lower case."""
    system, colon, id = text.partition(":")
    if not colon or not _SYSTEM.fullmatch(system.lower()) or not _NUMBER_OR_ID.fullmatch(id):
        raise Unusable("system:id, such as shopify:6501")
    return f"{system.lower()}:{id}", "" if id.isdigit() and id.strip("0") else id


def _is_placeholder(core: str) -> bool:
    """Nothing but zeros, one digit all over, one character all over and long, or a word for nothing.

    "" stands for a system's own number, of which 1 and 777 are as good as any.
    """
    if not core:
        return False
    alone = len(set(core)) == 1 and len(core) >= (MIN_SAME_DIGITS if core[0].isdigit() else MIN_SAME_LETTERS)
    return not core.strip("0") or alone or core.lower() in PLACEHOLDERS
