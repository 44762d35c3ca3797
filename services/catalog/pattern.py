"""Patterns of staff's, matched by RE2: its time is linear in the text, so that no pattern stalls the service.

RE2 knows no lookaround and no backreferences, which is what makes other engines take exponential time; `\\d` and `\\w`
are ASCII's, `\\p{L}` and `\\p{Han}` letters of any script. A pattern it does not know is refused when it is defined.
"""

from functools import lru_cache
from typing import Any, Final

import re2

from kit.errors import Path, Refusal
from services.catalog.model import invalid

MAX_MEMORY: Final = 1 << 20
"""Bytes one compiled pattern may take: that of a code or a size takes thousands; repetitions of repetitions explode."""
KEPT: Final = 1_024
"""Compiled patterns that are kept: as many as two shops have definitions."""

_OPTIONS: Final = re2.Options()
_OPTIONS.max_mem = MAX_MEMORY
_OPTIONS.log_errors = False


def check_pattern(pattern: str, at: Path) -> list[Refusal]:
    """Why RE2 does not take the pattern, in its own words."""
    found = _compiled(pattern)
    return [invalid(at, f"a regular expression as RE2 knows them ({found})", pattern)] if isinstance(found, str) else []


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches; no text matches a pattern that RE2 does not take."""
    found = _compiled(pattern)
    return not isinstance(found, str) and found.fullmatch(text) is not None


@lru_cache(KEPT)
def _compiled(pattern: str) -> Any:
    """RE2's object, or why there is none."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0]
        return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
