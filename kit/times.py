"""The one clock of a process; everything below it takes time as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present as aware UTC, in whole milliseconds, which is what MongoDB keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
