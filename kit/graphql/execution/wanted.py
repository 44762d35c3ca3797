"""Which fields a resolver's answer will be read for, so that a store fetches no others."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    IntValueNode,
    SelectionNode,
    ValueNode,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_directive_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective
from strawberry.types.info import Info

from kit.graphql.execution.info import FieldInfo


class Wanted(dict[str, "Wanted"]):
    """Field names of the schema, each with what is wanted below it; a leaf is empty.

    What any fragment asks of any type is in it: too much may be fetched, never too little. `nodes` are the places in
    the document where the field is asked for, under whatever alias.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[FieldNode] = []

    def at(self, *names: str) -> "Wanted":
        """What is wanted below these fields; nothing if one of them is not."""
        found: Wanted = self
        for name in names:
            found = found.get(name) or Wanted()
        return found

    def most(self, argument: str, default: int) -> int | None:
        """The greatest number the document gives for an argument of this field, `default` where it gives none; None if
        it is not known here, because a variable holds it in one place."""
        given = [_argument(node, argument) for node in self.nodes]
        known = [default if value is None else int(value.value) for value in given if _is_number_or_none(value)]
        return max(known) if known and len(known) == len(given) else None

    def gives(self, argument: str) -> bool:
        """Whether an argument of this field is given anywhere, even as null or by a variable."""
        return any(_argument(node, argument) is not None for node in self.nodes)


def _argument(node: FieldNode, name: str) -> ValueNode | None:
    return next((one.value for one in node.arguments or () if one.name.value == name), None)


def _is_number_or_none(value: ValueNode | None) -> TypeGuard[IntValueNode | None]:
    return value is None or isinstance(value, IntValueNode)


def wanted(info: Info[Any, Any] | GraphQLResolveInfo[Any], on: str | None = None) -> Wanted:
    """What is wanted of the field being resolved; `on`: of this type alone, where the field is of several."""
    if isinstance(info, FieldInfo):
        known = info.place.wanted
        if on not in known:  # conditions are decided in a compiled operation: the same for every request
            known[on] = _read(info._raw_info, on)
        return known[on]  # type: ignore[no-any-return]
    return _read(info if isinstance(info, GraphQLResolveInfo) else info._raw_info, on)


def _read(info: GraphQLResolveInfo[Any], on: str | None) -> Wanted:
    found = Wanted()
    for node in info.field_nodes:
        if node.selection_set is not None:
            _collect(info, node.selection_set.selections, found, on)
    return found


def _collect(
    info: GraphQLResolveInfo[Any], selections: Iterable[SelectionNode], found: Wanted, on: str | None = None
) -> None:
    for node in selections:
        if not _is_included(node, info.variable_values):
            continue
        if isinstance(node, FieldNode):
            below = found.setdefault(node.name.value, Wanted())
            below.nodes.append(node)
            if node.selection_set is not None:
                _collect(info, node.selection_set.selections, below)
            continue
        fragment = _fragment(node, info.fragments)
        if fragment is not None and _applies(info, fragment, on):
            _collect(info, fragment.selection_set.selections, found, on)


def _fragment(node: SelectionNode, fragments: Mapping[str, Any]) -> Any:
    return fragments.get(node.name.value) if isinstance(node, FragmentSpreadNode) else node


def _applies(info: GraphQLResolveInfo[Any], fragment: InlineFragmentNode, on: str | None) -> bool:
    condition = fragment.type_condition
    if on is None or condition is None or condition.name.value == on:
        return True
    named, asked = info.schema.get_type(condition.name.value), info.schema.get_type(on)
    return bool(named and asked and named in {*_abstract(info, asked)})


def _abstract(info: GraphQLResolveInfo[Any], type_: Any) -> list[Any]:
    """The interfaces and unions `type_` belongs to."""
    kinds = [kind for kind in info.schema.type_map.values() if is_abstract_type(kind)]
    return [kind for kind in kinds if info.schema.is_sub_type(kind, type_)]


def _is_included(node: SelectionNode, known: VariableValues | dict[str, Any]) -> bool:
    variables = VariableValues({}, known) if isinstance(known, dict) else known  # Strawberry's resolvers see the dict
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and (include is None or bool(include["if"]))
