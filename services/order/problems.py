"""What is wrong with an input, field by field; decides nothing about orders."""

from dataclasses import dataclass, field

from kit.errors import InvalidInput, Path, Refused

MAX_PROBLEMS = 20
"""Reported of one input: enough to mend it, little enough to read."""


@dataclass(slots=True)
class Problems:
    """Collects refused fields, the first `MAX_PROBLEMS` of them; `path` is where the input begins."""

    path: Path = ("input",)
    found: list[InvalidInput] = field(default_factory=list)

    def add(self, where: Path, expected: str, got: object) -> None:
        """`where` is below `path`, in the graph's spelling: ("lines", "0", "quantity")."""
        if len(self.found) < MAX_PROBLEMS:
            self.found.append(InvalidInput(path=(*self.path, *where), expected=expected, got=str(got)))

    def text(self, where: Path, value: str, max_length: int) -> None:
        """Refuse a text that is empty, too long or not printable."""
        if not value or len(value) > max_length or not value.isprintable():
            self.add(where, f"1 to {max_length} printable characters", repr(value[:40]))

    def optional_text(self, where: Path, value: str | None, max_length: int) -> None:
        """The same, where nothing is fine too."""
        if value is not None:
            self.text(where, value, max_length)

    def equal(self, where: Path, rule: str, expected: int, got: int) -> None:
        """Refuse a sum that does not agree to the minor unit; `rule` says how it is made."""
        if expected != got:
            self.add(where, f"{expected} minor units ({rule})", got)

    def raise_found(self) -> None:
        """Raise Refused with everything found, if anything was."""
        if self.found:
            raise Refused(*self.found)
