"""The bytes of a text file as text, or a message that says which encoding they look like."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from noren.imports.errors import ImportStopped

_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f]{2}")
"""Two kana or ideographs in a row; accented Latin letters read as CP932 seldom make two that belong together."""


def decode(body: bytes, encoding: str, name: str) -> str:
    """The text; ImportStopped if it is not `encoding`, or is UTF-8 although the mapping says otherwise."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise ImportStopped(f"{name} is UTF-16: save it as UTF-8")
    if encoding == "auto":
        encoding = "cp932" if not _decodes(body, "utf-8") and _is_japanese(body) else "utf-8"
    if encoding == "utf-8":
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            found = f"byte 0x{body[error.start]:02x} at line {line}"
            raise ImportStopped(f"{name} is not UTF-8 ({found}); {_advice(body)}") from None
    if not body.isascii() and _decodes(body, "utf-8"):
        raise ImportStopped(f'{name} is UTF-8, not {encoding}: set encoding = "utf-8" under [file] in the mapping')
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{body[error.start]:02x} at line {line}"
        raise ImportStopped(f"{name} is not {encoding} ({found}); {_advice(body)}") from None


def _advice(body: bytes) -> str:
    if _is_japanese(body):
        return 'it reads as CP932 (Shift_JIS of Windows): set encoding = "cp932" under [file] in the mapping'
    if _decodes(body, "cp1252"):
        return 'it may be Windows-1252: set encoding = "cp1252" under [file] in the mapping'
    return "save it as UTF-8"


def _is_japanese(body: bytes) -> bool:
    """Whether it reads as Japanese in CP932."""
    return _decodes(body, "cp932") and _JAPANESE.search(body.decode("cp932")) is not None


def _decodes(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
