"""What the exit codes and logs of mongod mean in words; the log lines are real ones."""

import signal
from pathlib import Path

import pytest

from kit.mongod.failure import LOG_TAIL_LINES, reason, tail

WRONG_VERSION = (
    '{"s":"F","c":"CONTROL","id":20573,"ctx":"initandlisten","msg":"Wrong mongod version","attr":{"error":"UPGRADE '
    "PROBLEM: Found an invalid featureCompatibilityVersion document (ERROR: Location4926900: Invalid "
    'featureCompatibilityVersion document in admin.system.version)"}}'
)
FULL = (
    '{"s":"E","c":"CONTROL","id":20557,"ctx":"initandlisten","msg":"DBException in initAndListen, terminating",'
    '"attr":{"error":"UnknownError: 28: No space left on device"}}'
)
LIBRARY = "mongod: error while loading shared libraries: libcrypto.so.3: cannot open shared object file"


@pytest.mark.parametrize(
    ("exit_code", "said", "expected"),
    [
        (62, WRONG_VERSION, "were written by a version of MongoDB that this mongod cannot read"),
        (-6, FULL, "is full"),
        (127, LIBRARY, "lacks a shared library"),
        (100, "IllegalOperation: Attempted to create a lock file: Permission denied", "may not write to"),
        (-signal.SIGILL, "", "lacks instructions"),
        (-signal.SIGKILL, "", "killed from outside"),
        (14, "", "exit code 14"),
    ],
)
def test_the_reason_is_told(exit_code: int, said: str, expected: str) -> None:
    assert expected in reason(exit_code, said, Path("/data"))


def test_the_tail_shows_errors_rather_than_chatter() -> None:
    chatter = '{"s":"I","msg":"chatter"}'
    assert tail(f"{chatter}\n{FULL}\n{chatter}\n") == FULL
    assert tail(f"{LIBRARY}\n") == LIBRARY
    assert tail(f"{chatter}\n" * 20).splitlines() == [chatter] * LOG_TAIL_LINES
