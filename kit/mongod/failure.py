"""Says why a mongod ended, from its exit code and its log."""

import shutil
import signal
from pathlib import Path

from kit.mongod.errors import MongodFailed
from kit.mongod.place import Place

EXIT_WRONG_DATA_VERSION = 62
FULL_DISK_BYTES = 16 * 1024**2  # on a disk this full mongod cannot even log why it ended
LOG_TAIL_BYTES = 64 * 1024  # read from the end of the log to explain a failure
LOG_TAIL_LINES = 8
LOG_LINE_CHARS = 400  # one line of mongod can be kilobytes


def of_exit(exit_code: int, place: Place) -> MongodFailed:
    """The failure of a mongod that ended with this code, negative for a signal."""
    said = last_words(place.mongod_log)
    if shutil.disk_usage(place.root).free < FULL_DISK_BYTES:
        return MongodFailed(f"The disk that holds {place.root} is full: mongod ended.", tail(said))
    return MongodFailed(reason(exit_code, said, place.root), tail(said))


def reason(exit_code: int, said: str, where: Path) -> str:
    """Why a mongod on `where` ended with this code, having said this; names the cure where it knows one."""
    if "No space left on device" in said:
        return f"The disk that holds {where} is full: mongod ended."
    if exit_code == EXIT_WRONG_DATA_VERSION or "UPGRADE PROBLEM" in said:
        return (
            f"The data in {where} were written by a version of MongoDB that this mongod cannot read: start that "
            "version (NOREN_MONGOD names a mongod), or use another data directory."
        )
    if "error while loading shared libraries" in said:
        return "mongod lacks a shared library of this system."
    if "Permission denied" in said or "Read-only file system" in said:
        return f"mongod may not write to {where}."
    if exit_code == -signal.SIGILL:
        return "This processor lacks instructions that mongod needs (AVX, since MongoDB 5.0)."
    if exit_code == -signal.SIGKILL:
        return "mongod was killed from outside, perhaps for want of memory."
    return f"mongod ended with exit code {exit_code}."


def last_words(log: Path) -> str:
    """The end of a log; nothing if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def tail(said: str) -> str:
    """The last lines of a log: the errors and the plain words among them, or simply the last ones."""
    lines = [line for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if '"s":"F"' in line or '"s":"E"' in line or not line.startswith("{")]
    return "\n".join(line[:LOG_LINE_CHARS] for line in (telling or lines)[-LOG_TAIL_LINES:])
