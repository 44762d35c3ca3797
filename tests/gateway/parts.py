"""A client that takes an answer in parts: it puts them together, and holds the gateway to the form of each."""

import copy
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.delivery import Parts

Part = dict[str, Any]


async def read(answer: tuple[Part, Parts | None]) -> list[Part]:
    """All parts, as they came."""
    first, rest = answer
    told: list[Part] = orjson.loads(orjson.dumps([first] + ([part async for part in rest] if rest else [])))
    return told


def merged(parts: list[Part]) -> Part:
    """The whole answer: data, and the errors of all parts, those of deferrals that failed included."""
    first, *rest = copy.deepcopy(parts)
    data, errors = first["data"], list(first.get("errors", ()))
    assert ("hasNext" in first) == bool(rest)
    assert all(part["hasNext"] for part in [first, *rest][:-1])
    assert not rest or not rest[-1]["hasNext"]
    pending: dict[str, list[Any]] = {}
    known: set[str] = set()
    for part in [first, *rest]:
        assert part is first or "data" not in part
        for notice in part.get("pending", ()):
            assert notice["id"] not in known
            known.add(notice["id"])
            pending[notice["id"]] = notice["path"]
        for entry in part.get("incremental", ()):
            errors += entry.get("errors", ())
            target = at(data, [*pending[entry["id"]], *entry.get("subPath", ())])
            assert target.keys().isdisjoint(entry["data"]), f"{entry} was there already"
            target.update(entry["data"])
        for notice in part.get("pending", ()):
            assert isinstance(at(data, notice["path"]), dict), f"nothing stands at {notice}"
        for notice in part.get("completed", ()):
            del pending[notice["id"]]
            errors += notice.get("errors", ())
    assert not pending
    return {"data": data, "errors": errors} if errors else {"data": data}


def at(data: Any, path: list[Any]) -> Any:
    for part in path:
        data = data[part]
    return data


def labels(parts: list[Part]) -> list[str]:
    """Labels in the order in which they completed."""
    found: Mapping[str, str] = {n["id"]: n.get("label", "") for part in parts for n in part.get("pending", ())}
    return [found[notice["id"]] for part in parts for notice in part.get("completed", ())]
