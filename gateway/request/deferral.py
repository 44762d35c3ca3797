"""Reads `@defer` in a client's document: whether there is any, and which fragments it holds for."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from graphql import (
    REMOVE,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    Visitor,
    VisitorAction,
    visit,
)

from gateway.supergraph.selection import Deferral, Deferring


def defers(selection_set: SelectionSetNode) -> bool:
    """Whether a fragment anywhere in a selection set carries `@defer`; named fragments are not followed."""
    for node in selection_set.selections:
        if not isinstance(node, FieldNode) and any(d.name.value == "defer" for d in node.directives or ()):
            return True
        if isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set and defers(node.selection_set):
            return True
    return False


def deferral_reader(switches: Mapping[str, bool]) -> Deferring:
    """Return what makes a deferral of a fragment's directives, with the switches so."""
    numbers = count()

    def read(directives: Iterable[DirectiveNode], around: Deferral | None) -> Deferral | None:
        for directive in directives:
            if directive.name.value == "defer":
                given = {argument.name.value: argument.value for argument in directive.arguments or ()}
                condition, label = given.get("if"), given.get("label")
                if _is_true(condition, switches):
                    text = label.value if isinstance(label, StringValueNode) else None
                    return Deferral(text, around, next(numbers))
        return around

    return read


def _is_true(condition: Any, switches: Mapping[str, bool]) -> bool:
    if isinstance(condition, VariableNode):
        return switches[condition.name.value]
    return not isinstance(condition, BooleanValueNode) or condition.value


def without_defer(document: DocumentNode) -> DocumentNode:
    """The same document as if it did not defer."""
    stripped: DocumentNode = visit(document, _Stripping())
    return stripped


class _Stripping(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value == "defer" else None
