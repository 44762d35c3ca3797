"""What a person asks of an import, and what it does then; needs nothing that the extra `files` installs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console


@dataclass(frozen=True, slots=True)
class Asked:
    """`mapping`: a file, or the name of one that comes with Noren. `report`: where to list the rows not taken."""

    file: Path
    mapping: str
    report: Path | None
    dry_run: bool


class Prepared(Protocol):
    """A file whose every row is decided as far as it can be without the services; nothing is written yet."""

    def load(self, mongodb_url: str, err: Console) -> None:
        """Bring what may be taken into the services of this MongoDB."""

    def conclude(self, out: Console) -> object:
        """Prove that every row is accounted for, write the list of rows not taken, print the report."""
