"""What whoever runs a command can mend, said as one message; all else stays a stack trace, for it is a bug."""

import re

from pydantic import ValidationError
from pydantic_settings import SettingsError
from pymongo.errors import ConnectionFailure

ENV_PREFIX = "NOREN_"
FIELD = re.compile(r'field "(\w+)"')
"""How pydantic-settings names the variable it cannot read."""
VERBOSE = re.compile(r",? \(configured timeouts.*|, Timeout: .*", re.DOTALL)
"""Where PyMongo goes on about its settings and its picture of the servers."""


def message_of(error: Exception) -> str | None:
    """The message for the person at the terminal; None if the error is not theirs to mend."""
    if isinstance(error, ValidationError):
        return _of_settings(error) if error.title.endswith("Settings") else None
    if isinstance(error, SettingsError):
        field = FIELD.search(str(error))
        return f"{ENV_PREFIX}{field[1].upper()}: expected JSON" if field else str(error)
    if isinstance(error, ConnectionFailure):
        return f"MongoDB does not answer any more: {briefly(error)}"
    return str(error) if isinstance(error, _mendable()) else None


def briefly(error: Exception) -> str:
    """A driver's error without its settings: host, port and what went wrong."""
    return VERBOSE.sub("", str(error)).strip()


def _of_settings(error: ValidationError) -> str:
    """A line a variable. Never the value: it may be a secret."""
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        message = problem["msg"].removeprefix("Value error, ")
        variable, *inside = problem["loc"] or ("",)
        where = ".".join([f"{ENV_PREFIX}{variable}".upper(), *map(str, inside)])
        lines.append(f"{where}: {message}" if variable else message)
    return "\n".join(lines)


def _mendable() -> tuple[type[Exception], ...]:
    """The errors whose own text says what to do. Imported here, for `noren --help` needs none of it."""
    from gateway.errors import CompositionError
    from gateway.startup import StartFailed
    from kit.mongod import MongodFailed, MongodMissing
    from noren.database import MongodbUnusable
    from noren.explain import Inexplicable
    from noren.keys import KeyRefused
    from noren.linkage import ExtraMissing
    from noren.schema import UnreadableSchema
    from noren.seed import MissingSample, SeedIncomplete
    from noren.staff import StaffRefused
    from noren.up import PartDied, PortTaken

    return (
        CompositionError,
        ExtraMissing,
        StartFailed,
        MongodFailed,
        MongodMissing,
        MongodbUnusable,
        MissingSample,
        SeedIncomplete,
        Inexplicable,
        KeyRefused,
        StaffRefused,
        UnreadableSchema,
        PartDied,
        PortTaken,
    )
