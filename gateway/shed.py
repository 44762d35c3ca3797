"""Refuses at once what could only wait: no more than so many requests run at one time."""

from dataclasses import dataclass


@dataclass(slots=True)
class Shed:
    """Of one process."""

    most: int = 1_000
    running: int = 0
    refused: int = 0

    def admit(self) -> bool:
        """Whether one more may run; `leave` when it has."""
        if self.running >= self.most:
            self.refused += 1
            return False
        self.running += 1
        return True

    def leave(self) -> None:
        """One that was let in is over."""
        self.running -= 1
