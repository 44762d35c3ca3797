"""What went wrong in one request, as the client may see it: messages of subgraphs at paths of the client's own keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.errors import INTERNAL, error
from gateway.executor.targets import Entities
from gateway.plan import Fetch, Visible

MAX_ERRORS = 100
"""Errors told in one response; a failing list of thousands says no more than its first hundred."""
MAX_MESSAGE = 1_000
"""Characters of a subgraph's message that are passed on."""
KEPT_BACK = frozenset({"stacktrace", "exception", "debug", "service"})
"""Extensions of subgraph errors that are not for clients, or that the gateway sets itself."""

Path = tuple[str | int, ...]


class Failures:
    """Collects errors of one request."""

    def __init__(self, visible: Mapping[str, Visible]) -> None:
        self._visible = visible
        self.errors: list[dict[str, Any]] = []

    def of_fetch(self, fetch: Fetch, entities: Entities | None, data: Any, message: str, code: str) -> None:
        """A fetch failed as a whole: one error for each of the client's root fields, or each place of its objects."""
        for path in self._paths_of_fetch(fetch, entities, data):
            self._add(error(message, code, path, fetch.service))

    def of_subgraph(self, fetch: Fetch, entities: Entities | None, data: Any, told: Any) -> None:
        """Errors inside a subgraph's response."""
        for reason in told if isinstance(told, list) else [told]:
            reason = reason if isinstance(reason, Mapping) else {}
            for path in self._paths_of_error(fetch, entities, data, reason.get("path")):
                self._add(self._shape(fetch, reason, path))
                if len(self.errors) >= MAX_ERRORS:
                    return

    def _shape(self, fetch: Fetch, reason: Mapping[str, Any], path: Path) -> dict[str, Any]:
        message, told = reason.get("message"), reason.get("extensions")
        extensions = {k: v for k, v in told.items() if k not in KEPT_BACK} if isinstance(told, Mapping) else {}
        extensions.setdefault("code", INTERNAL)
        text = message[:MAX_MESSAGE] if isinstance(message, str) else f"{fetch.service} reported an error."
        shaped = error(text, INTERNAL, path)
        shaped["extensions"] = {**extensions, "service": fetch.service}
        return shaped

    def _paths_of_fetch(self, fetch: Fetch, entities: Entities | None, data: Any) -> Iterable[Path]:
        if entities is None:
            return dict.fromkeys(self._translate((key,)) for key in fetch.keys)
        paths = []
        for first, alone in entities.first_paths(data):
            # Of many objects, the place from which they branch.
            index = next((i for i, part in enumerate(first) if isinstance(part, int)), len(first))
            paths.append(self._translate(first if alone else first[:index]))
        return dict.fromkeys(paths)

    def _paths_of_error(self, fetch: Fetch, entities: Entities | None, data: Any, path: Any) -> Iterable[Path]:
        if not isinstance(path, list) or not path or not all(type(p) in (str, int) for p in path):
            return self._paths_of_fetch(fetch, entities, data)
        if entities is None:
            return [self._translate(tuple(path))]
        if len(path) < 2 or type(path[1]) is not int:
            return self._paths_of_fetch(fetch, entities, data)
        rest = tuple(path[2:])
        return dict.fromkeys(self._translate(at + rest) for at in entities.paths_of(path[1], data))

    def _translate(self, path: Path) -> Path:
        """Say a path in the client's keys, cut off where the client sees nothing."""
        said: list[str | int] = []
        here = self._visible
        for part in path:
            if isinstance(part, int):
                said.append(part)
                continue
            visible = here.get(part)
            if visible is None or visible.key is None:
                break
            said.append(visible.key)
            here = visible.below
        return tuple(said)

    def _add(self, shaped: dict[str, Any]) -> None:
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(shaped)
