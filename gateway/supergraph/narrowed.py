"""The public schema as one caller may see it: without the fields withheld from them, and what only those use."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from graphql import (
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    build_ast_schema,
    parse,
)

from gateway.supergraph.access import Atoms, Rules, allows

Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode
Defined = (
    Composite
    | UnionTypeDefinitionNode
    | EnumTypeDefinitionNode
    | ScalarTypeDefinitionNode
    | InputObjectTypeDefinitionNode
)
DEFINED = (
    ObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    UnionTypeDefinitionNode,
    EnumTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
)
D = TypeVar("D", bound=DefinitionNode)
ROOTS = ("Query", "Mutation", "Subscription")


def narrowed(sdl: str, rules: Rules, held: Atoms) -> GraphQLSchema | None:
    """The schema of a public SDL for whoever holds this; None if no query is left.

    A field that an interface promises stays on a type as long as any other type shows it.
    """
    document = parse(sdl, no_location=True)
    types = {d.name.value: d for d in document.definitions if isinstance(d, DEFINED)}
    visible = _visible(types, rules, held)
    kept = {name: _with_fields(d, visible[name]) if name in visible else d for name, d in types.items()}
    reached = _reached(kept)
    if not visible.get("Query"):
        return None
    rest: list[DefinitionNode] = [d for d in document.definitions if not isinstance(d, DEFINED)]
    shown = [_among(d, reached) for name, d in kept.items() if name in reached]
    return build_ast_schema(DocumentNode(definitions=(*rest, *shown)), assume_valid=True)


def _visible(types: Mapping[str, Defined], rules: Rules, held: Atoms) -> dict[str, set[str]]:
    """Names of the fields that are shown, by object and interface."""
    visible: dict[str, set[str]] = {}
    for name, definition in types.items():
        if isinstance(definition, ObjectTypeDefinitionNode):
            own = rules.fields.get(name, {})
            visible[name] = {f.name.value for f in definition.fields or () if allows(own.get(f.name.value, ()), held)}
    for name, definition in types.items():
        if isinstance(definition, InterfaceTypeDefinitionNode):
            mine = {f.name.value for f in definition.fields or ()}
            holders = [n for n, d in types.items() if isinstance(d, ObjectTypeDefinitionNode) and name in _promised(d)]
            visible[name] = mine & set[str]().union(*(visible[n] for n in holders)) if holders else mine
    for name, definition in types.items():
        if isinstance(definition, ObjectTypeDefinitionNode):
            for interface in _promised(definition):
                visible[name] |= visible.get(interface, set()) if visible[name] else set()
    return visible


def _promised(definition: Composite) -> set[str]:
    return {interface.name.value for interface in definition.interfaces or ()}


def _with_fields(definition: Defined, names: set[str]) -> Defined:
    assert isinstance(definition, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode))
    fields = tuple(f for f in definition.fields or () if f.name.value in names)
    return _copied(definition, fields=fields)


def _among(definition: Defined, reached: set[str]) -> Defined:
    """The definition without interfaces and members that are not shown."""
    if isinstance(definition, UnionTypeDefinitionNode):
        return _copied(definition, types=_named(definition.types, reached))
    if isinstance(definition, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
        return _copied(definition, interfaces=_named(definition.interfaces, reached))
    return definition


def _named(nodes: Iterable[NamedTypeNode] | None, reached: set[str]) -> tuple[NamedTypeNode, ...]:
    return tuple(node for node in nodes or () if node.name.value in reached)


def _copied(definition: D, **changed: object) -> D:
    make: Callable[..., D] = type(definition)
    return make(**{key: getattr(definition, key) for key in definition.keys if key != "loc"} | changed)


def _reached(types: Mapping[str, Defined]) -> set[str]:
    """Names of the types that something shown leads to; an object without any field is not."""
    holders: dict[str, list[str]] = {}
    for name, definition in types.items():
        if isinstance(definition, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
            for interface in _promised(definition):
                holders.setdefault(interface, []).append(name)
    reached: set[str] = set()
    waiting = [name for name in ROOTS if name in types]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in types:
            continue
        definition = types[name]
        if hasattr(definition, "fields") and not definition.fields:
            continue
        reached.add(name)
        waiting += [*_leads_to(definition), *holders.get(name, ())]
    return reached


def _leads_to(definition: Defined) -> Iterator[str]:
    if isinstance(definition, UnionTypeDefinitionNode):
        yield from (member.name.value for member in definition.types or ())
    if isinstance(definition, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
        yield from _promised(definition)
    for field in getattr(definition, "fields", None) or ():
        yield _name_of(field.type)
        if isinstance(field, FieldDefinitionNode):
            yield from (_name_of(argument.type) for argument in field.arguments or ())


def _name_of(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined] # a list or a non-null of something
    return node.name.value
