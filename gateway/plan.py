"""A plan: frozen data that says which fetches an operation needs, what each sends, and what each waits for.

Owns nothing but its own printing. The planner makes it, the executor follows it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from graphql import parse, print_ast

from gateway.supergraph.selection import Deferral

Kind = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True, slots=True)
class Step:
    """One key down the answer, through lists of any depth; `types` keeps the objects of those types only."""

    key: str
    types: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.key}|{'|'.join(sorted(self.types))}" if self.types else self.key


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a representation: its name there, the key it has in the answer, and its own parts by concrete type."""

    name: str
    data_key: str
    nullable: bool = True
    parts: Mapping[str, tuple["Part", ...]] | None = None
    abstract: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Representation:
    """What an entity fetch tells of each object: where the objects are, their type, and the fields to send."""

    path: tuple[Step, ...]
    type_name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """A variable whose value is read of the object above, at `path`, where the entity fetch is about those below it."""

    variable: str
    path: tuple[Step, ...]
    type_name: str
    part: Part
    nullable: bool


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request to one subgraph. Without representations it starts at the root.

    A subscription's first fetch is its source: the others follow each of its events.
    """

    id: int
    service: str
    kind: Kind
    document: str
    operation_name: str | None
    variables: tuple[str, ...]
    representations: tuple[Representation, ...]
    representations_variable: str
    keys: tuple[str, ...]
    depends_on: tuple[int, ...]
    phase: int = 0
    """0: the first part of the answer waits for it. Others serve one group of deferred fields, and those after it."""
    contexts: tuple[Context, ...] = ()
    """What differs between its objects beside what tells of them: it is sent once for each set of values."""


@dataclass(frozen=True, slots=True)
class Visible:
    """How keys of subgraph answers are called in the client's: `None` if the client asked for no such field."""

    key: str | None
    below: Mapping[str, "Visible"]


@dataclass(frozen=True, slots=True)
class Deferred:
    """A `@defer` whose fields come later than those around them, and the fetches they are there with."""

    deferral: Deferral
    fetches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All fetches in an order in which each follows those it waits for; what is deferred, the outer ones first."""

    kind: Kind
    fetches: tuple[Fetch, ...]
    visible: Mapping[str, Visible]
    deferred: tuple[Deferred, ...] = ()

    def __str__(self) -> str:
        lines = [line for fetch in self.fetches for line in _lines(fetch)]
        numbers = {later.deferral: number for number, later in enumerate(self.deferred, 1)}
        lines += [_later(numbers, later) for later in self.deferred]
        return "\n".join(lines) or "nothing to fetch"


def _later(numbers: Mapping[Deferral, int], later: Deferred) -> str:
    label = f" {later.deferral.label!r}" if later.deferral.label is not None else ""
    within = next((f" within {numbers[above]}" for above in later.deferral.ancestors()), "")
    return f"deferred {numbers[later.deferral]}{label}{within}: with {', '.join(str(i) for i in later.fetches)}"


def _lines(fetch: Fetch) -> Iterator[str]:
    after = f" after {', '.join(str(i) for i in fetch.depends_on)}" if fetch.depends_on else ""
    each = ", each of its events" if fetch.kind == "subscription" else ""
    yield f"{fetch.id}: {fetch.service}{each}{after}"
    for representation in fetch.representations:
        path = ".".join(str(step) for step in representation.path)
        yield f"  at {path}: {representation.type_name} {_parts(representation.parts)}"
    for context in fetch.contexts:
        path = ".".join(str(step) for step in context.path)
        yield f"  with ${context.variable} at {path}: {context.type_name} {_parts((context.part,))}"
    for line in print_ast(parse(fetch.document)).splitlines():
        yield f"  {line}"


def _parts(parts: tuple[Part, ...]) -> str:
    return "{" + " ".join(_part(part) for part in parts) + "}"


def _part(part: Part) -> str:
    name = part.name if part.name == part.data_key else f"{part.name}={part.data_key}"
    if part.parts is None:
        return name
    if not part.abstract:
        return f"{name} {_parts(next(iter(part.parts.values()), ()))}"
    return name + " {" + " ".join(f"... on {t} {_parts(inner)}" for t, inner in part.parts.items()) + "}"
