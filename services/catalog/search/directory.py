"""The directory of an index: generations beside each other, and a file that names the one that counts.

A rebuild fills a new generation while the old one is read; swapping is the renaming of one file, so a reader sees the
old or the new, whole. The directory has a name of its own, by which MongoDB knows its writer.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from kit.ids import new_id

CURRENT: Final = "CURRENT"
IDENTITY: Final = "IDENTITY"
GENERATION: Final = "gen"
META: Final = "meta.json"
"""The engine's own file; it is replaced with every commit."""


@dataclass(frozen=True, slots=True)
class Current:
    """The generation that counts, what it was made for (`fields.stamp`), and for which channels."""

    generation: str
    stamp: str
    channels: tuple[str, ...]


class Directory:
    """Where one index lies; shared by all processes of a machine that read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def identity(self) -> str:
        """The directory's name for its writer's lease, made on first use; whoever makes it first wins."""
        self._path.mkdir(parents=True, exist_ok=True)
        file = self._path / IDENTITY
        if not file.exists():
            draft = self._path / new_id("draft")
            draft.write_text(new_id("idx"))
            with suppress(FileExistsError):
                file.hardlink_to(draft)
            draft.unlink()
        return file.read_text()

    def current(self) -> Current | None:
        """What counts now; None before the first build."""
        try:
            content = orjson.loads((self._path / CURRENT).read_bytes())
        except FileNotFoundError:
            return None
        return Current(content["generation"], content["stamp"], tuple(content["channels"]))

    def swap(self, current: Current) -> None:
        """Let another generation count, at once for all readers."""
        content = {"generation": current.generation, "stamp": current.stamp, "channels": current.channels}
        draft = self._path / new_id("draft")
        draft.write_bytes(orjson.dumps(content))
        draft.replace(self._path / CURRENT)

    def make_generation(self) -> str:
        """An empty place for a new one; returns its name."""
        name = new_id(GENERATION)
        (self._path / name).mkdir(parents=True)
        return name

    def path_of(self, generation: str) -> Path:
        """Where a generation lies."""
        return self._path / generation

    def changed_at(self) -> tuple[int, int]:
        """Grows with every swap and every commit; 0 where there is nothing yet."""
        current = self.current()
        meta = None if current is None else self.path_of(current.generation) / META
        return _changed(self._path / CURRENT), 0 if meta is None else _changed(meta)

    def remove_others(self, generation: str) -> None:
        """Delete every generation but one; who still reads another keeps its open files."""
        for path in self._path.glob(f"{GENERATION}_*"):
            if path.name != generation:
                shutil.rmtree(path, ignore_errors=True)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
