"""Bounds on a document, measured before anything costly looks at it. Each fragment is measured once.

graphql-core's check of overlapping fields compares all fields of one response key pairwise, through every fragment:
what that would cost is counted here first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from gateway.errors import OPERATION_TOO_COMPLEX, VALIDATION_FAILED, RequestRefused

MAX_FIELDS = 2_000
"""Fields with all fragments dissolved, per definition: as many as a document without fragments may have tokens."""
MAX_FIELDS_TOGETHER = 4_000
"""The same over all definitions of a document: each is validated, used or not."""
MAX_COMPARISONS = 5_000
"""Pairs of fields under one response key: at 2 to 5 µs each, 25 ms of validation at most."""

MAX_DEFERRALS = 50
"""Fragments with `@defer`: what each defers is planned by itself, at some milliseconds each."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a client's document may be, in each way that costs something."""

    bytes: int = 100_000
    """The text, comments included: they are no tokens, but are read all the same."""
    tokens: int = 2_000
    """A page's query has some hundred; parsing this many takes about 10 ms."""
    depth: int = 15
    """As deep as the standard introspection query; no page needs more."""
    aliases: int = 30
    """Aliases ask the same field again and again; a page renames a few."""
    root_fields: int = 10
    """Each root field is work of its own, whatever its depth."""
    page: int = 100
    """Items of a list asked for at once."""
    cost: int = 50_000
    """Points of one operation, by `gateway.cost`: a hundred products with all that a page shows, many times over."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Size of a selection with its fragments dissolved."""

    fields: int
    depth: int
    aliases: int
    top: int
    deferrals: int


def check_text(query: str, limits: Limits) -> None:
    """Refuse a text that is too long to be read at all."""
    if len(query) * 4 > limits.bytes and len(query.encode("utf-8", "surrogatepass")) > limits.bytes:
        _refuse("bytes", limits.bytes, "send less at once, or values as variables")


def check_limits(document: DocumentNode, limits: Limits) -> None:
    """Refuse a document that is too large in any way. It may still be invalid."""
    meter = _Meter(document)
    total = 0
    for definition in document.definitions:
        if not isinstance(definition, (OperationDefinitionNode, FragmentDefinitionNode)):
            continue
        measured = meter.measure(definition.selection_set)
        _refuse_past("fields", measured.fields, MAX_FIELDS)
        _refuse_past("levels of depth", measured.depth, limits.depth)
        if isinstance(definition, OperationDefinitionNode):
            _refuse_past("root fields", measured.top, limits.root_fields)
            _refuse_past("aliases", measured.aliases, limits.aliases)
            _refuse_past("deferred fragments", measured.deferrals, MAX_DEFERRALS)
        total += measured.fields
    _refuse_past("fields in all definitions", total, MAX_FIELDS_TOGETHER)
    compared = 0
    for definition in document.definitions:
        if isinstance(definition, (OperationDefinitionNode, FragmentDefinitionNode)):
            compared += meter.comparisons([definition.selection_set])
    _refuse_past("comparisons of fields", compared, MAX_COMPARISONS)


def _refuse_past(what: str, count: int, limit: int) -> None:
    if count > limit:
        _refuse(what, limit, "ask for less, or in several requests")


def _refuse(what: str, limit: int, advice: str) -> NoReturn:
    message = f"The document has more than {limit} {what}: {advice}."
    raise RequestRefused.because(OPERATION_TOO_COMPLEX, message)


class _Meter:
    """Measures selections of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure | None] = {}

    def measure(self, selection_set: SelectionSetNode) -> Measure:
        fields = depth = aliases = top = deferrals = 0
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                below = self.measure(node.selection_set) if node.selection_set else _NOTHING
                fields += 1 + below.fields
                depth = max(depth, 1 + below.depth)
                aliases += (node.alias is not None) + below.aliases
                deferrals += below.deferrals
                top += 1
            else:
                part = self._fragment(node)
                fields, aliases, top = fields + part.fields, aliases + part.aliases, top + part.top
                depth = max(depth, part.depth)
                deferrals += part.deferrals + any(d.name.value == "defer" for d in node.directives or ())
        return Measure(fields, depth, aliases, top, deferrals)

    def _fragment(self, node: SelectionNode) -> Measure:
        if isinstance(node, InlineFragmentNode):
            return self.measure(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name not in self._fragments:
            return _NOTHING
        if name not in self._measured:
            self._measured[name] = None
            self._measured[name] = self.measure(self._fragments[name].selection_set)
        measured = self._measured[name]
        if measured is None:
            message = f"Cannot spread fragment '{name}' within itself."
            raise RequestRefused.because(VALIDATION_FAILED, message)
        return measured

    def comparisons(self, sets: Sequence[SelectionSetNode]) -> int:
        occurrences: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            self._collect(selection_set.selections, occurrences)
        compared = 0
        for nodes in occurrences.values():
            compared += len(nodes) * (len(nodes) - 1) // 2
            below = [node.selection_set for node in nodes if node.selection_set]
            if below:
                compared += self.comparisons(below)
        return compared

    def _collect(self, selections: Iterable[SelectionNode], into: dict[str, list[FieldNode]]) -> None:
        for node in selections:
            if isinstance(node, FieldNode):
                into.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set.selections, into)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in self._fragments:
                self._collect(self._fragments[node.name.value].selection_set.selections, into)


_NOTHING = Measure(0, 0, 0, 0, 0)
