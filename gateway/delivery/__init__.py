"""Delivers the answer of an operation with `@defer` in parts, each as soon as its fetches are there.

The form is that of GraphQL's incremental delivery (specification RFC, as graphql-js 17 sends it): the first part has
`data` and what is `pending`; later ones have `incremental` data for it, tell what is `completed`, and what else has
become pending; `hasNext` is false in the last. A null that may not be bubbles up inside its deferral and no further:
the deferral then completes with errors and without data.

A. first     what comes at once is shaped, and every deferral found in it announced, once for each object
B. step      a deferral whose fetches are over is shaped at each of its objects, and those inside it announced
C. end       nothing is pending any more: what is still under way is ended
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.delivery.sheet import Later, Path, Portion, Sheet, reach
from gateway.errors import INTERNAL, error
from gateway.executor.staged import StagedRun

__all__ = ["Parts", "Sheet"]

log = logging.getLogger(__name__)

MAX_ERRORS = 100
"""Errors told in one part; a failing list of thousands says no more than its first hundred."""

Errors = list[dict[str, Any]]


class Parts:
    """The parts after the first, one by one. Must be read to the end or closed."""

    def __init__(self, sheet: Sheet, run: StagedRun) -> None:
        self._sheet = sheet
        self._run = run
        self._answer: dict[str, Any] = {}
        self._pending: dict[tuple[int, Path], str] = {}
        self._complete: set[tuple[int, Path]] = set()
        self._delivered: set[int] = set()
        self._given: set[tuple[Portion, Path]] = set()
        self._errors: list[tuple[dict[str, Any], frozenset[int]]] = []
        self._announced = 0

    async def first(self, introspect: Callable[[dict[str, Any], Errors], None] | None = None) -> dict[str, Any]:
        """The first part; without `hasNext` if it is the whole answer."""
        await self._run.until(self._sheet.at_once)
        errors = self._take(None)
        raw = self._run.data
        if introspect is not None:
            introspect(raw, errors)
        shown = self._sheet.first.shape(raw, errors)
        part: dict[str, Any] = {"errors": errors, "data": shown} if errors else {"data": shown}
        if shown is not None:
            self._answer = _copy(shown)  # what is sent stays as it is while the answer here grows
            pending = self._announce(None)
            if pending:
                part |= {"pending": pending, "hasNext": True}
        if "hasNext" not in part:
            await self.aclose()
        return part

    def __aiter__(self) -> "Parts":
        return self

    async def __anext__(self) -> dict[str, Any]:
        while self._pending:
            part = self._step()
            if part is not None:
                if not self._pending:
                    await self.aclose()
                return part
            await self._run.progress()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End what is still under way."""
        self._pending.clear()
        await self._run.close()

    def _step(self) -> dict[str, Any] | None:
        pending: list[dict[str, Any]] = []
        incremental: list[dict[str, Any]] = []
        completed: list[dict[str, Any]] = []
        done, over = self._run.done, self._run.over
        for number, later in enumerate(self._sheet.laters):
            around = later.parent is None or later.parent in self._delivered
            if number in self._delivered or not around or not (over or later.fetches <= done):
                continue
            self._delivered.add(number)
            if any(known == number for known, _ in self._pending):
                try:
                    self._deliver(number, later, incremental, completed)
                except Exception:
                    log.exception("a deferred part failed")
                    completed += self._give_up(number)
            pending += self._announce(number)
        if not completed:
            return None
        part: dict[str, Any] = {"pending": pending} if pending else {}
        part |= {"incremental": incremental} if incremental else {}
        return {**part, "completed": completed, "hasNext": bool(self._pending)}

    def _deliver(
        self, number: int, later: Later, incremental: list[dict[str, Any]], completed: list[dict[str, Any]]
    ) -> None:
        told = self._take(number)
        entries: dict[Path, list[_Entry]] = {}
        failed: dict[Path, Errors] = {}
        for portion in later.portions:
            for at in reach(portion.place, portion.types, self._run.data, self._answer):
                standing = at.path[: at.marks[len(later.place)]]
                if (number, standing) not in self._pending or (portion, at.path) in self._given:
                    continue
                errors = list(told)
                data = portion.shaper.shape(at.raw, errors, at.path)
                if data is None:
                    failed.setdefault(standing, []).extend([e for e in told if _stands_at(e, at.path)] or errors)
                    continue
                at.shown.update(_copy(data))
                entries.setdefault(standing, []).append(_Entry(portion, at.path, data, errors[len(told) :]))
        for standing in failed:
            entries.pop(standing, None)
        left = [e for e in told if not any(e in errors for errors in failed.values())]
        _tell(left, [entry for listed in entries.values() for entry in listed])
        for known, standing in [key for key in self._pending if key[0] == number]:
            identity = self._pending.pop((known, standing))
            if standing in failed:
                completed.append({"id": identity, "errors": failed[standing][:MAX_ERRORS]})
                continue
            self._complete.add((number, standing))
            completed.append({"id": identity})
            for entry in entries.get(standing, ()):
                self._given.add((entry.portion, entry.path))
                incremental.append(entry.shown(identity, standing))

    def _announce(self, parent: int | None) -> list[dict[str, Any]]:
        """Announce the deferrals inside one, wherever it completed, or those inside none."""
        pending = []
        for number, later in enumerate(self._sheet.laters):
            if later.parent != parent:
                continue
            for at in reach(later.place, later.types, self._run.data, self._answer):
                if parent is not None:
                    around = at.path[: at.marks[len(self._sheet.laters[parent].place)]]
                    if (parent, around) not in self._complete:
                        continue
                identity = self._pending[number, at.path] = str(self._announced)
                self._announced += 1
                notice: dict[str, Any] = {"id": identity, "path": list(at.path)}
                pending.append(notice if later.label is None else {**notice, "label": later.label})
        return pending

    def _give_up(self, number: int) -> list[dict[str, Any]]:
        lost = [key for key in self._pending if key[0] == number]
        return [{"id": self._pending.pop(key), "errors": [error("Internal error.", INTERNAL, key[1])]} for key in lost]

    def _take(self, number: int | None) -> Errors:
        """The errors so far of one deferral, or those of what comes at once. Each is taken once."""
        for fetch, told in self._run.told:
            laters = self._sheet.laters_of(told.get("path", ()))
            if not laters and fetch.phase:
                laters = frozenset(n for n, later in enumerate(self._sheet.laters) if fetch.id in later.fetches)
            self._errors.append((told, laters))
        self._run.told.clear()
        mine = [told for told, laters in self._errors if (number in laters if laters else number is None)]
        self._errors = [(told, laters) for told, laters in self._errors if told not in mine]
        return mine


@dataclass(slots=True)
class _Entry:
    """The data of one portion for one object."""

    portion: Portion
    path: Path
    data: dict[str, Any]
    errors: Errors

    def shown(self, identity: str, standing: Path) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": identity, "data": self.data}
        if self.path != standing:
            entry["subPath"] = list(self.path[len(standing) :])
        return {**entry, "errors": self.errors[:MAX_ERRORS]} if self.errors else entry


def _tell(errors: Errors, entries: Sequence[_Entry]) -> None:
    """Add each error to the deepest entry it stands in; one that stands above them all, to the first."""
    for told in errors:
        within = [entry for entry in entries if _stands_at(told, entry.path)]
        nearest = max(within, key=lambda entry: len(entry.path), default=None) or next(iter(entries), None)
        if nearest is not None:
            nearest.errors.append(told)


def _stands_at(told: dict[str, Any], path: Path) -> bool:
    """Whether an error is told of something at a path or below it."""
    return tuple(told.get("path", ()))[: len(path)] == path


def _copy(value: Any) -> Any:
    """Objects and lists of its own; what is in them is shared."""
    if type(value) is dict:
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(item) for item in value] if type(value) is list else value
