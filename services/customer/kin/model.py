"""A person is every profile that merges hold together at this moment. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bond:
    """A merge that was not undone: `merged` is one person with `into`, since `at`."""

    merge_id: str
    into: str
    merged: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """All ids of one person, and when the last of them was joined; None: they have one id only."""

    ids: frozenset[str]
    joined_at: datetime | None = None


def persons_of(ids: Iterable[str], bonds: Iterable[Bond]) -> Mapping[str, Person]:
    """The person of each id: everybody who is reached over bonds, in either direction. An id without one is alone."""
    ties: dict[str, list[Bond]] = {}
    for bond in bonds:
        ties.setdefault(bond.into, []).append(bond)
        ties.setdefault(bond.merged, []).append(bond)
    found: dict[str, Person] = {}
    for id in ids:
        if id not in found:
            person = _reached(id, ties)
            found |= dict.fromkeys(person.ids, person)
    return {id: found[id] for id in ids}


def _reached(start: str, ties: Mapping[str, list[Bond]]) -> Person:
    seen, waiting, joined_at = {start}, [start], None
    while waiting:
        for bond in ties.get(waiting.pop(), ()):
            joined_at = bond.at if joined_at is None else max(joined_at, bond.at)
            for id in (bond.into, bond.merged):
                if id not in seen:
                    seen.add(id)
                    waiting.append(id)
    return Person(frozenset(seen), joined_at)
