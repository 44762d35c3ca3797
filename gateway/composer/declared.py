"""What each subgraph declares, read from its SDL into plain data under Federation's canonical names.

Owns definitions, extensions and directive names. Federation's own machinery (`_service`, `_entities`, `_Any`) is left
out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DefinitionNode,
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    GraphQLError,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    ScalarTypeDefinitionNode,
    ScalarTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    UnionTypeExtensionNode,
    parse,
    print_ast,
    value_from_ast_untyped,
)

from gateway.composer.link import Link, read_link
from gateway.errors import CompositionError, CompositionProblem
from gateway.supergraph import Kind, TypeRef

Applied = dict[str, list[dict[str, Any]]]
"""Directives at one place: canonical name to the arguments of each application."""

MACHINERY_TYPES = frozenset({"_Service", "_Any", "_Entity", "link__Import", "link__Purpose", "FieldSet"})
MACHINERY_FIELDS = frozenset({"_service", "_entities"})
OWN_ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
KINDS: dict[type, Kind] = {
    ScalarTypeDefinitionNode: "scalar",
    ScalarTypeExtensionNode: "scalar",
    ObjectTypeDefinitionNode: "object",
    ObjectTypeExtensionNode: "object",
    InterfaceTypeDefinitionNode: "interface",
    InterfaceTypeExtensionNode: "interface",
    UnionTypeDefinitionNode: "union",
    UnionTypeExtensionNode: "union",
    EnumTypeDefinitionNode: "enum",
    EnumTypeExtensionNode: "enum",
    InputObjectTypeDefinitionNode: "input",
    InputObjectTypeExtensionNode: "input",
}
EXTENSIONS = (
    ScalarTypeExtensionNode,
    ObjectTypeExtensionNode,
    InterfaceTypeExtensionNode,
    UnionTypeExtensionNode,
    EnumTypeExtensionNode,
    InputObjectTypeExtensionNode,
)


@dataclass(frozen=True, slots=True)
class Value:
    """An argument or an input field; `default` is GraphQL text."""

    name: str
    type: TypeRef
    default: str | None
    description: str | None
    directives: Applied


@dataclass(frozen=True, slots=True)
class Declared:
    """A field of an object or interface, or a value of an enum (which has no type)."""

    name: str
    type: TypeRef
    arguments: dict[str, Value]
    description: str | None
    directives: Applied


@dataclass(slots=True)
class Definition:
    """A type with its extensions folded in. Which of the members are used follows from `kind`."""

    name: str
    kind: Kind
    description: str | None = None
    extends: bool = True
    directives: Applied = field(default_factory=dict)
    interfaces: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    fields: dict[str, Declared] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    stands_behind: str = ""
    """Name of the `@interfaceObject` by which alone the subgraph knows this implementation."""

    @property
    def interface_object(self) -> bool:
        """Whether this object is an interface in other subgraphs."""
        return "interfaceObject" in self.directives and not self.stands_behind


@dataclass(frozen=True, slots=True)
class SubgraphSchema:
    """One subgraph's SDL as data. `directives` are the definitions of its own directives, as text."""

    name: str
    link: Link
    types: dict[str, Definition]
    directives: dict[str, str] = field(default_factory=dict)

    def possible(self, type_name: str) -> tuple[str, ...]:
        """Object types that a composite type may stand for in this subgraph."""
        definition = self.types.get(type_name)
        if definition is None:
            return ()
        if definition.kind == "union":
            return tuple(definition.members)
        if definition.interface_object:
            return tuple(t.name for t in self.types.values() if t.stands_behind == type_name)
        if definition.kind == "interface":
            return tuple(t.name for t in self.types.values() if t.kind == "object" and type_name in t.interfaces)
        return (type_name,) if definition.kind == "object" else ()


def read_subgraph(name: str, sdl: str) -> SubgraphSchema:
    """Parse one subgraph's SDL; raises `CompositionError` on what is not GraphQL or not Federation 2."""
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as reason:
        raise CompositionError([CompositionProblem("INVALID_GRAPHQL", reason.message, (name,))]) from reason
    link, types = read_types(name, document)
    own = {d.name.value: print_ast(d) for d in document.definitions if isinstance(d, DirectiveDefinitionNode)}
    return SubgraphSchema(name, link, types, own)


def read_types(name: str, document: DocumentNode) -> tuple[Link, dict[str, Definition]]:
    """Read links and types of a document; `name` is whose it is, for errors."""
    schemas = [d for d in document.definitions if isinstance(d, (SchemaDefinitionNode, SchemaExtensionNode))]
    link = read_link(name, [directive for node in schemas for directive in node.directives or ()])
    roots = {
        operation.type.name.value: OWN_ROOTS[operation.operation.value]
        for node in schemas
        for operation in node.operation_types or ()
    }
    reader = _Reader(name, link, roots)
    for definition in document.definitions:
        reader.read(definition)
    return link, reader.types


def type_ref(node: TypeNode, rename: Callable[[str], str] = str, *, non_null: bool = False) -> TypeRef:
    """A type as data."""
    if isinstance(node, NonNullTypeNode):
        return type_ref(node.type, rename, non_null=True)
    if isinstance(node, ListTypeNode):
        inner = type_ref(node.type, rename)
        return TypeRef(inner.name, inner, non_null)
    assert isinstance(node, NamedTypeNode)
    return TypeRef(rename(node.name.value), None, non_null)


class _Reader:
    """Folds definitions and extensions into `types`."""

    def __init__(self, subgraph: str, link: Link, roots: dict[str, str]) -> None:
        self._subgraph = subgraph
        self._link = link
        self._roots = roots
        self.types: dict[str, Definition] = {}

    def read(self, node: DefinitionNode) -> None:
        kind = KINDS.get(type(node))
        name = self._name(node.name.value) if kind else ""  # type: ignore[attr-defined]
        if kind is None or name in MACHINERY_TYPES or name in self._link.types:
            return
        into = self.types.setdefault(name, Definition(name, kind))
        if into.kind != kind:
            raise self._invalid(f"type {name} is declared both as {into.kind} and as {kind}")
        if not isinstance(node, EXTENSIONS):
            into.extends = False
            into.description = node.description.value if node.description else None  # type: ignore[attr-defined]
        for directive, uses in self._applied(node.directives).items():  # type: ignore[attr-defined]
            into.directives.setdefault(directive, []).extend(uses)
        self._members(into, node)
        if "extends" in into.directives:
            into.extends = True

    def _members(self, into: Definition, node: DefinitionNode) -> None:
        into.interfaces += [self._name(i.name.value) for i in getattr(node, "interfaces", None) or ()]
        into.members += [self._name(t.name.value) for t in getattr(node, "types", None) or ()]
        for child in getattr(node, "fields", None) or ():
            if into.kind == "input":
                self._once(into.values, child.name.value, into.name)
                into.values[child.name.value] = self._value(child)
            elif into.name != "Query" or child.name.value not in MACHINERY_FIELDS:
                self._once(into.fields, child.name.value, into.name)
                into.fields[child.name.value] = Declared(
                    child.name.value,
                    type_ref(child.type, self._name),
                    {a.name.value: self._value(a) for a in child.arguments or ()},
                    child.description.value if child.description else None,
                    self._applied(child.directives),
                )
        for child in getattr(node, "values", None) or ():
            into.fields[child.name.value] = Declared(
                child.name.value,
                TypeRef(into.name),
                {},
                child.description.value if child.description else None,
                self._applied(child.directives),
            )

    def _value(self, node: InputValueDefinitionNode) -> Value:
        return Value(
            node.name.value,
            type_ref(node.type, self._name),
            print_ast(node.default_value) if node.default_value else None,
            node.description.value if node.description else None,
            self._applied(node.directives),
        )

    def _applied(self, nodes: Sequence[DirectiveNode] | None) -> Applied:
        applied: Applied = {}
        for node in nodes or ():
            arguments = {a.name.value: value_from_ast_untyped(a.value) for a in node.arguments or ()}
            applied.setdefault(self._link.directives.get(node.name.value, "@" + node.name.value), []).append(arguments)
        return applied

    def _name(self, name: str) -> str:
        renamed = self._roots.get(name)
        if renamed is None and self._roots and name in OWN_ROOTS.values() and name not in self._roots:
            taken = {root: own for own, root in self._roots.items()}
            if name in taken:
                raise self._invalid(f"{name} is not the root type, and {taken[name]} takes its name")
        return renamed or name

    def _once(self, known: Iterable[str], name: str, of: str) -> None:
        if name in known:
            raise self._invalid(f"{of}.{name} is declared twice")

    def _invalid(self, message: str) -> CompositionError:
        return CompositionError([CompositionProblem("INVALID_GRAPHQL", message, (self._subgraph,))])
