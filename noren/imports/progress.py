"""What a person sees while it takes long: a bar a step, with its count and time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """Bars under each other; on anything but a terminal nothing moves."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def begin(self, what: str, total: int | None) -> Callable[[int], None]:
        """A new bar; call what is returned with how many more are done. `total` None: how many is not known."""
        task = self._progress.add_task(what, total=total)
        return lambda more: self._progress.advance(task, more)

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """A bar without a count for as long as the block lasts."""
        task = self._progress.add_task(what, total=None)
        yield
        self._progress.update(task, total=1, completed=1)


@contextmanager
def showing(console: Console) -> Iterator[Steps]:
    """Bars on this console for as long as the block lasts; they stay when it is over."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield Steps(progress)
