"""Whether a source that runs gives what a new plan reads of it.

A new graph may plan a subscription otherwise. Its source is not begun anew, since events between the old one and the
new one would be lost: the new plan takes the old source's events, if they hold all that the new source's would. What
they hold beyond that is taken out, since it may come from elsewhere now.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    print_ast,
)

from gateway.plan import Fetch
from gateway.supergraph.selection import TYPENAME

Tree = Mapping[tuple[str, str], "Tree"]
"""What is asked, by where in it: types of fragments, and fields with their keys and arguments."""
Trim = Callable[[Any], Any]
"""From the data of an event to what the plan reads of it."""
FRAGMENT = "... on"


def fit(running: Fetch, planned: Fetch) -> Trim | None:
    """How events of `running` become those of `planned`; None if they lack something."""
    if running.service != planned.service:
        return None
    if running.document == planned.document:
        return _as_it_is
    wanted = _asked(planned.document)
    return partial(_trimmed, wanted) if _within(wanted, _asked(running.document)) else None


def _as_it_is(data: Any) -> Any:
    return data


def _within(wanted: Tree, given: Tree) -> bool:
    return all(place in given and _within(below, given[place]) for place, below in wanted.items())


def _trimmed(wanted: Tree, data: Any) -> Any:
    if isinstance(data, list):
        return [_trimmed(wanted, item) for item in data]
    if not isinstance(data, dict) or not wanted:
        return data
    kept: dict[str, Any] = {}
    for (key, name), below in wanted.items():
        if key == FRAGMENT:
            if data.get(TYPENAME, name) == name:
                kept |= _trimmed(below, data)
        elif key in data:
            kept[key] = _trimmed(below, data[key])
    return kept


def _asked(document: str) -> Tree:
    (operation,) = parse(document, no_location=True).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return _tree(operation.selection_set)


def _tree(selection_set: SelectionSetNode | None) -> Tree:
    tree: dict[tuple[str, str], Tree] = {}
    for node in selection_set.selections if selection_set else ():
        if isinstance(node, FieldNode):
            key = node.alias.value if node.alias else node.name.value
            arguments = " ".join(print_ast(argument) for argument in node.arguments or ())
            tree[key, f"{node.name.value} {arguments}"] = _tree(node.selection_set)
        elif isinstance(node, InlineFragmentNode) and node.type_condition is not None:
            tree[FRAGMENT, node.type_condition.name.value] = _tree(node.selection_set)
    return tree
