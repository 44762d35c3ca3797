"""The cost of an operation before it is carried out: worked out once, but for what depends on variables."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLArgument, ValueNode, VariableNode, get_named_type
from graphql.pyutils import Undefined
from graphql.utilities import value_from_ast_untyped

from gateway.cost.value import Value, highest, product, total
from gateway.cost.weights import LIST_ITEMS, MUTATION_POINTS, FieldWeight, ListSize, Weights
from gateway.errors import BAD_USER_INPUT, RequestRefused
from gateway.supergraph.selection import Field, Selection, variables_in

Sized = Mapping[tuple[str, ...], Value]
"""Items of lists further down, by the names that lead there."""


class Estimator:
    """Of one operation. What several types share is worked out once."""

    def __init__(self, weights: Weights, page: int) -> None:
        self._weights = weights
        self._page = page
        self._known: dict[tuple[int, int, int], tuple[Value, Sized]] = {}

    def operation(self, selection: Selection) -> Value:
        """Its cost. Raises `RequestRefused` for a page that is too large whatever the variables are."""
        base = MUTATION_POINTS * len(selection.fields_of("Mutation")) if selection.type_name == "Mutation" else 0
        return total([base, self._object(selection, {})])

    def _object(self, selection: Selection, sized: Sized) -> Value:
        return highest(
            total([self._field(type_name, asked, sized) for asked in fields.values()])
            for type_name, fields in selection.by_type.items()
        )

    def _field(self, type_name: str, asked: Field, sized: Sized) -> Value:
        weight = self._weights.field(type_name, asked.name)
        # `weight` is kept by Weights and `sized` in what is known here, so that their ids stay theirs.
        key = (id(asked), id(weight), id(sized) if sized else 0)
        if key not in self._known:
            self._known[key] = (self._work_out(weight, asked, sized), sized)
        return self._known[key][0]

    def _work_out(self, weight: FieldWeight, asked: Field, sized: Sized) -> Value:
        items: Value = LIST_ITEMS if weight.is_list else 1
        below: dict[tuple[str, ...], Value] = {}
        for path, size in sized.items():
            if path[0] == asked.name:
                if len(path) == 1:
                    items = size
                else:
                    below[path[1:]] = size
        if weight.size is not None:
            size = self._size(weight.size, weight, asked)
            if weight.size.sized:
                below |= {tuple(name.split(".")): size for name in weight.size.sized}
            else:
                items = size
        inner = self._object(asked.selection, below) if asked.selection is not None else 0
        return total([product(items, total([weight.each, inner])), self._arguments(weight, asked)])

    def _size(self, size: ListSize, weight: FieldWeight, asked: Field) -> Value:
        reads = [_Reading(name, weight, asked) for name in size.slicing]
        otherwise = LIST_ITEMS if size.assumed is None else size.assumed
        page = self._page

        def items(variables: Mapping[str, Any]) -> int:
            told = {read.name: value for read in reads if (value := read.value(variables)) is not None}
            if size.one_needed and len(told) != 1:
                message = f"{asked.name}: exactly one of {', '.join(size.slicing)} is needed, and says how many."
                raise RequestRefused.because(BAD_USER_INPUT, message)
            for name, value in told.items():
                if value > page:
                    message = f"{asked.name}({name}:): expected at most {page}, got {value}. Ask page by page."
                    raise RequestRefused.because(BAD_USER_INPUT, message)
            return max(0, *told.values()) if told else otherwise

        return items if any(read.variable for read in reads) else items({})

    def _arguments(self, weight: FieldWeight, asked: Field) -> Value:
        own = sum(points for name, points in weight.arguments.items() if name in asked.given)
        if weight.declared is None:
            return own
        values: list[Value] = [own]
        for name, node in asked.given.items():
            declared = weight.declared.args.get(name)
            if declared is not None and self._weights.weighs_inside(get_named_type(declared.type).name):
                values.append(self._inside(get_named_type(declared.type).name, node))
        return total(values)

    def _inside(self, type_name: str, node: ValueNode) -> Value:
        def points(variables: Mapping[str, Any]) -> int:
            return self._weights.value(type_name, value_from_ast_untyped(node, dict(variables)))

        return points if any(True for _ in variables_in(node)) else points({})


def _default_of(declared: GraphQLArgument) -> Any:
    """What the graph says where nothing is given; None if that is nothing."""
    if declared.default is None:
        return None if declared.default_value is Undefined else declared.default_value
    literal = declared.default.literal
    return declared.default.value if literal is None else value_from_ast_untyped(literal)


class _Reading:
    """What a slicing argument says, perhaps deep in an input object. `variable`: it depends on the variables."""

    def __init__(self, name: str, weight: FieldWeight, asked: Field) -> None:
        self.name = name
        head, *self._rest = name.split(".")
        self._node = asked.given.get(head)
        declared = weight.declared.args.get(head) if weight.declared is not None else None
        self._default = None if declared is None else _default_of(declared)
        self.variable = self._node is not None and any(True for _ in variables_in(self._node))

    def value(self, variables: Mapping[str, Any]) -> int | None:
        """The number, or None if none is said."""
        found = self._default
        if isinstance(self._node, VariableNode):
            found = variables.get(self._node.name.value, self._default)
        elif self._node is not None:
            found = value_from_ast_untyped(self._node, dict(variables))
        for name in self._rest:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, int) and not isinstance(found, bool) else None
