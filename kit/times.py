"""The one clock of a process; everything below it takes time as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present as aware UTC, in whole milliseconds, which is what MongoDB keeps."""
    return whole_ms(datetime.now(UTC))


def whole_ms(moment: datetime) -> datetime:
    """As MongoDB keeps it: what is cut off here is equal to what is read again."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
