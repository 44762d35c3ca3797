"""What an operation asks, place by place. Fields are collected by graphql-core's own rules, once for all values.

A. The operation and its fragments are taken from the document.
B. `@skip` and `@include` are decided: their variables are part of what a compiled operation is cached by, so that a
   plan holds no conditions, and merged fields have the nodes, order and locations graphql-core would give them.
C. A selection becomes its places when the source of its function is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues

from kit.graphql.coercion import Coercer, coercers_of
from kit.graphql.execution.place import Place, field_place
from kit.graphql.execution.refusal import NotCompiled
from kit.graphql.execution.resolver import resolver_of

MAX_PLACES = 4_000
"""Fields of one operation with its fragments written out; nested fragments multiply, and nobody reads so many."""
INCREMENTAL = frozenset({"defer", "stream"})


@dataclass(slots=True)
class Asked:
    """Step A: an operation of a document, with its fragments, variables and conditions."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    signatures: dict[str, GraphQLVariableSignature]
    coercers: Mapping[str, tuple[Coercer, bool]]
    conditions: tuple[str, ...]

    @property
    def root_type(self) -> GraphQLObjectType:
        """Query or Mutation; Subscription, where an event is executed."""
        root = self.schema.get_root_type(self.operation.operation)
        if root is None:
            raise NotCompiled("the schema has no such root type")
        return root

    @property
    def is_serial(self) -> bool:
        """Whether root fields wait for each other."""
        return self.operation.operation == OperationType.MUTATION


def read_operation(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, *, events: bool = False
) -> Asked:
    """Step A; NotCompiled for what only graphql-core runs. With `events`, subscriptions are read and nothing else."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    named = [node for node in operations if operation_name is None or (node.name and node.name.value == operation_name)]
    if len(named) != 1:
        raise NotCompiled("the operation is not clear from its name")
    (operation,) = named
    if (operation.operation == OperationType.SUBSCRIPTION) is not events:
        raise NotCompiled("no subscription" if events else "a subscription")
    if operation.directives:
        raise NotCompiled("directives on the operation")
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if any(node.variable_definitions for node in fragments.values()):
        raise NotCompiled("fragments with arguments")
    signatures = {}
    for definition in operation.variable_definitions or ():
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError):
            raise NotCompiled(signature.message)
        signatures[signature.name] = signature
    coercers = coercers_of(schema, operation)
    conditions = _conditions(document)
    return Asked(schema, document, operation, fragments, signatures, coercers, conditions)


@dataclass(slots=True)
class Plan:
    """Steps B and C: an operation whose conditions have these values."""

    asked: Asked
    conditions: Mapping[str, bool]
    strawberry_schema: Any = None
    places: list[Place] = field(default_factory=list)

    def root(self) -> dict[str, Place]:
        """The places of the root selection, by response key."""
        asked = self.asked
        collected = collect_fields(
            asked.schema, self._fragments(), self._variables(), asked.root_type, asked.operation, False
        )
        return self._places_of(asked.root_type, collected)

    def below(self, place: Place, type_: GraphQLObjectType) -> dict[str, Place]:
        """The places of the selection below `place`, whose value is of this type."""
        asked = self.asked
        collected = collect_subfields(
            asked.schema, self._fragments(), self._variables(), asked.operation, type_, place.details
        )
        return self._places_of(type_, collected)

    @property
    def is_large(self) -> bool:
        """Whether no further source shall be written."""
        return len(self.places) > MAX_PLACES

    def _places_of(self, type_: GraphQLObjectType, collected: CollectedFields) -> dict[str, Place]:
        if collected.new_defer_usages:
            raise NotCompiled("@defer")
        found: dict[str, Place] = {}
        for key, details in collected.grouped_field_set.items():
            place = self._place(key, type_, details)
            if place is not None:
                found[key] = place
        return found

    def _place(self, key: str, type_: GraphQLObjectType, details: list[FieldDetails]) -> Place | None:
        name = details[0].node.name.value
        definition = self.asked.schema.get_field(type_, name)
        if definition is None:
            return None
        place = field_place(key, type_, details, definition, len(self.places))
        place.resolver = resolver_of(definition, name, self.strawberry_schema)
        self.places.append(place)
        return place

    def _fragments(self) -> dict[str, FragmentDetails]:
        return {name: FragmentDetails(node) for name, node in self.asked.fragments.items()}

    def _variables(self) -> VariableValues:
        return VariableValues({}, dict(self.conditions))


class _Conditions(Visitor):
    """Collects the variables that decide whether a field is there, and refuses what is incremental."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        name = node.name.value
        if name in INCREMENTAL:
            raise NotCompiled(f"@{name}")
        if name not in {"skip", "include"}:
            raise NotCompiled(f"@{name}, which only graphql-core knows")
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names[argument.value.name.value] = None


def _conditions(document: DocumentNode) -> tuple[str, ...]:
    visitor = _Conditions()
    visit(document, visitor)
    return tuple(visitor.names)
