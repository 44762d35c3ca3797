"""One operation of a client's document: parsed, bounded, validated and chosen; variables coerced, fragments dissolved.

Owns everything that is decided by the document and its variables alone. Knows no subgraph.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    parse,
    recommended_rules,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values
from graphql.language.ast import BooleanValueNode

from gateway.errors import (
    BAD_USER_INPUT,
    OPERATION_NOT_FOUND,
    OPERATION_TOO_COMPLEX,
    PARSE_FAILED,
    VALIDATION_FAILED,
    RequestRefused,
)
from gateway.request.deferral import deferral_reader, defers, without_defer
from gateway.request.limits import Limits, check_limits, check_text
from gateway.supergraph.access import Atoms
from gateway.supergraph.selection import Selection, SelectionBuilder, TypeIndex, fragment_of
from kit.graphql.coercion import Coercer, coerced, coercers_of

MAX_ERRORS = 5
"""Errors told about one document; the first few tell it all, and validation stops there."""
INTROSPECTION = frozenset({"__schema", "__type"})
CONDITIONAL = ("skip", "include", "defer")
"""Directives whose `if` changes the plan."""
ROOT_OF = {
    OperationType.QUERY: "Query",
    OperationType.MUTATION: "Mutation",
    OperationType.SUBSCRIPTION: "Subscription",
}
_CONTENTS = re.compile(r"(?:, found|(?<=[?.]) Found): [{\[].*", re.DOTALL)
"""How graphql-core ends a message with a whole object or list."""
RULES = tuple(dict.fromkeys((*specified_rules, *recommended_rules)))
DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A validated operation. `switches` are the variables that its `@skip`, `@include` and `@defer` depend on.

    Where it is `deferring`, there is one switch more: whether the client takes an answer in parts. Last come those of
    `labels`: whether each holds for the request.
    """

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    root: str
    switches: tuple[str, ...]
    introspection: DocumentNode | None
    deferring: bool = False
    labels: tuple[str, ...] = ()
    demands: Atoms = frozenset()
    """What its fields may demand of who asks."""
    coercers: Mapping[str, tuple[Coercer, bool]] = field(default_factory=dict)

    def positions_of(self, variables: Mapping[str, Any], in_parts: bool = False) -> tuple[bool, ...]:
        """How the switches stand in one request; refuses null, which a default makes possible."""
        if not self.switches:
            return (in_parts,) if self.deferring else ()
        for name in self.switches:
            if variables.get(name) is None:
                raise RequestRefused.because(BAD_USER_INPUT, f"Variable '${name}' decides a condition and is null.")
        positions = tuple(variables[name] is True for name in self.switches)
        return (*positions, in_parts) if self.deferring else positions

    def in_parts(self, switched: tuple[bool, ...]) -> bool:
        """Whether the answer may come in parts, with its switches so."""
        return self.deferring and switched[len(self.switches)]

    def labels_in(self, switched: tuple[bool, ...]) -> frozenset[str]:
        """The labels that hold, with its switches so."""
        stand = switched[len(self.switches) + self.deferring :]
        return frozenset(label for label, holds in zip(self.labels, stand, strict=False) if holds)

    def names(self) -> frozenset[str]:
        """Names of all fields it may ask for."""
        sets = (self.node.selection_set, *(fragment.selection_set for fragment in self.fragments.values()))
        return frozenset(name for selection_set in sets for name in _names(selection_set))

    def select(self, index: TypeIndex, switched: tuple[bool, ...]) -> Selection:
        """What the operation asks for with its switches so: no fragment and no condition is left in it."""
        values = dict(zip(self.switches, switched, strict=False))

        def included(directives: Iterable[DirectiveNode]) -> bool:
            return all(_holds(directive, values) for directive in directives)

        deferring = deferral_reader(values) if self.in_parts(switched) else None
        builder = SelectionBuilder(index, self.fragments, included, deferring)
        return builder.build(self.root, [self.node.selection_set])


def read_operation(
    schema: GraphQLSchema,
    query: str,
    operation_name: str | None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    introspection: bool = True,
    suggestions: bool = True,
) -> Operation:
    """Parse, bound, validate and choose; raises `RequestRefused`. Without `introspection`, errors hint at nothing.

    Without `suggestions`, they do not name what else there is: the caller may not see all of it.
    """
    check_text(query, limits)
    document = _parse(query, limits.tokens)
    check_limits(document, limits)
    hide = not (introspection and suggestions)
    wrong = validate(schema, document, RULES, max_errors=MAX_ERRORS, hide_suggestions=hide)
    if wrong:
        raise RequestRefused([shape_error(reason, VALIDATION_FAILED) for reason in wrong])
    node = _choose(document, operation_name)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    switches = dict.fromkeys(_switches(node.selection_set))
    deferring = defers(node.selection_set)
    for fragment in fragments.values():
        switches |= dict.fromkeys(_switches(fragment.selection_set))
        deferring = deferring or defers(fragment.selection_set)
    declared = {definition.variable.name.value for definition in node.variable_definitions or ()}
    about_schema = _introspection(document, node, fragments)
    if about_schema is not None and not introspection:
        raise RequestRefused.because(VALIDATION_FAILED, "Introspection is switched off.")
    return Operation(
        node,
        fragments,
        ROOT_OF[node.operation],
        tuple(sorted(declared & set(switches))),
        without_defer(about_schema) if deferring and about_schema else about_schema,
        deferring,
        coercers=coercers_of(schema, node),
    )


def coerce_variables(
    schema: GraphQLSchema,
    operation: Operation,
    given: Mapping[str, Any],
    suggestions: Callable[[], bool] = lambda: True,
) -> Mapping[str, Any]:
    """Check a request's variables against the operation; raises `RequestRefused` naming variable and field."""
    definitions = operation.node.variable_definitions
    if not definitions:
        return {}
    quick = coerced(operation.coercers, given) if operation.coercers else None
    if quick is not None:
        return quick
    hide = not suggestions()
    values = get_variable_values(schema, definitions, dict(given), max_errors=MAX_ERRORS, hide_suggestions=hide)
    if isinstance(values, list):
        raise RequestRefused([_without_contents(shape_error(reason, BAD_USER_INPUT)) for reason in values])
    return values.coerced


def _without_contents(shaped: dict[str, Any]) -> dict[str, Any]:
    """The error of one field does not tell what stood in the others: there may be a password among them."""
    return {**shaped, "message": _CONTENTS.sub(".", shaped["message"])}


def shape_error(reason: GraphQLError, code: str) -> dict[str, Any]:
    """One of graphql-core's errors as response data."""
    return {**reason.formatted, "extensions": {"code": code}}


def _parse(query: str, max_tokens: int) -> DocumentNode:
    try:
        return parse(query, max_tokens=max_tokens)
    except GraphQLError as reason:
        if "Parsing aborted" in reason.message:
            message = f"The document has more than {max_tokens} tokens: ask for less, or send values as variables."
            raise RequestRefused.because(OPERATION_TOO_COMPLEX, message) from reason
        raise RequestRefused([shape_error(reason, PARSE_FAILED)]) from reason
    except RecursionError as reason:
        raise RequestRefused.because(OPERATION_TOO_COMPLEX, "The document is nested too deeply.") from reason


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    chosen = [d for d in operations if not name or (d.name and d.name.value == name)]
    if len(chosen) == 1:
        return chosen[0]
    if name:
        raise RequestRefused.because(OPERATION_NOT_FOUND, f"Unknown operation named '{name}'.")
    message = "Must provide operation name if query contains multiple operations." if operations else ""
    raise RequestRefused.because(OPERATION_NOT_FOUND, message or "The document has no operation.")


def _switches(selection_set: SelectionSetNode) -> Iterable[str]:
    for node in selection_set.selections:
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                if directive.name.value in CONDITIONAL and isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
        if isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set:
            yield from _switches(node.selection_set)


def _names(selection_set: SelectionSetNode) -> Iterable[str]:
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        if isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set:
            yield from _names(node.selection_set)


def _holds(directive: DirectiveNode, values: Mapping[str, bool]) -> bool:
    if directive.name.value not in ("skip", "include"):
        return True
    condition = (directive.arguments or ())[0].value
    if isinstance(condition, VariableNode):
        value = values[condition.name.value]
    else:
        assert isinstance(condition, BooleanValueNode)
        value = condition.value
    return value if directive.name.value == "include" else not value


def _introspection(
    document: DocumentNode,
    node: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> DocumentNode | None:
    """The part of the operation that asks about the schema, as a document of its own."""
    if node.operation is not OperationType.QUERY:
        return None
    asked = tuple(_about_schema(node.selection_set.selections, fragments))
    if not asked:
        return None
    part = OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=node.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=asked),
    )
    return DocumentNode(definitions=(part, *fragments.values()))


def _about_schema(
    selections: Iterable[SelectionNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterable[SelectionNode]:
    for node in selections:
        if isinstance(node, FieldNode):
            if node.name.value in INTROSPECTION:
                yield node
            continue
        inner = tuple(_about_schema(fragment_of(node, fragments).selection_set.selections, fragments))
        if inner:
            yield InlineFragmentNode(
                type_condition=None,
                directives=node.directives,
                selection_set=SelectionSetNode(selections=inner),
            )
