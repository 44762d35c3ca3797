"""A graph made of declarations and data alone: its subgraphs and the monolith both follow from SDL and objects.

A subgraph gives of an object what it declares. What is external to it or has been taken over by another, it gives only
where it `@provides` it; a field with `@requires` is a text made of all that the representation told, so that a wrong
representation gives a wrong answer. The monolith makes the same text of its own data.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from graphql import (
    FieldNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    build_schema,
    execute,
    is_interface_type,
    is_object_type,
    parse,
    print_ast,
    validate,
    value_from_ast_untyped,
)

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.request.deferral import without_defer
from gateway.request.limits import Limits
from gateway.supergraph.access import UNLIMITED
from gateway.transports import SubgraphRequest
from tests.gateway.parts import merged, read

HEAD = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@external",
  "@requires", "@provides", "@shareable", "@inaccessible", "@tag", "@override", "@interfaceObject", "@composeDirective",
  "@authenticated", "@requiresScopes", "@policy", "FieldSet"])
"""
DIRECTIVES = """
scalar _Any
scalar FieldSet
directive @link(url: String!, import: [String], as: String) repeatable on SCHEMA
directive @composeDirective(name: String!) repeatable on SCHEMA
directive @key(fields: FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
directive @external on FIELD_DEFINITION | OBJECT
directive @extends on OBJECT
directive @requires(fields: FieldSet!) on FIELD_DEFINITION
directive @provides(fields: FieldSet!) on FIELD_DEFINITION
directive @shareable repeatable on FIELD_DEFINITION | OBJECT
directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ENUM | ENUM_VALUE | ARGUMENT_DEFINITION
directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ENUM | ENUM_VALUE
directive @override(from: String!, label: String) on FIELD_DEFINITION
directive @interfaceObject on OBJECT
directive @context(name: String!) repeatable on OBJECT | INTERFACE | UNION
directive @fromContext(field: String) on ARGUMENT_DEFINITION
directive @authenticated on FIELD_DEFINITION | OBJECT
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT
directive @policy(policies: [[String!]!]!) on FIELD_DEFINITION | OBJECT
"""


@dataclass(eq=False)
class Obj:
    """An object of the world, an entity or a value."""

    type_name: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """An object as a subgraph sees it: what it was told of it, and what it may give besides its own."""

    obj: Obj
    told: Mapping[str, Any] = field(default_factory=dict)
    given: SelectionSetNode | None = None


class Rules:
    """What the SDL of one subgraph says about its fields."""

    def __init__(self, name: str, sdl: str) -> None:
        self.name = name
        self.sdl = sdl
        self.schema = executable(sdl)

    def directive(self, type_name: str, name: str, directive: str) -> dict[str, Any] | None:
        """Arguments of a directive on a field, or on its type where that says the same."""
        declared = self.schema.type_map.get(type_name)
        if declared is None or not (is_object_type(declared) or is_interface_type(declared)):
            return None
        if name not in declared.fields:
            return None
        nodes = [declared.fields[name].ast_node]
        if directive == "external":
            nodes += [declared.ast_node, *declared.extension_ast_nodes]  # type: ignore[list-item]
        for node in nodes:
            for applied in (node.directives or ()) if node else ():
                if applied.name.value == directive:
                    return {a.name.value: value_from_ast_untyped(a.value) for a in applied.arguments or ()}
        return None

    def keys(self, type_name: str) -> list[SelectionSetNode]:
        """Field sets by which the subgraph resolves an entity."""
        declared: Any = self.schema.type_map[type_name]
        found = []
        for node in (declared.ast_node, *declared.extension_ast_nodes):
            for applied in (node.directives or ()) if node else ():
                given = {a.name.value: value_from_ast_untyped(a.value) for a in applied.arguments or ()}
                if applied.name.value == "key" and given.get("resolvable", True):
                    found.append(selection_of(given["fields"]))
        return found


WIDE = Limits(bytes=10**6, tokens=10_000, depth=20, aliases=200, root_fields=50, cost=10**9)
"""For operations that are drawn, not written: what they may be is for their own tests."""


class World:
    """Subgraphs over common data. `roots` are the values of root fields; `objects` are the entities."""

    def __init__(self, subgraphs: Mapping[str, str], objects: Sequence[Obj], roots: Mapping[str, Any]) -> None:
        self.rules = {name: Rules(name, sdl) for name, sdl in subgraphs.items()}
        self.objects = objects
        self.roots = roots
        self.transports = {name: _Transport(self, rules) for name, rules in self.rules.items()}
        self.engine = Engine.compose(subgraphs, self.transports, EngineSettings(limits=WIDE))
        self._kin: dict[str, set[str]] = {}
        for rules in self.rules.values():
            for declared in rules.schema.type_map.values():
                if is_object_type(declared):
                    self._kin.setdefault(declared.name, {declared.name}).update(i.name for i in declared.interfaces)

    async def agree(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Ask gateway and monolith; demand the same data and valid subgraph documents. Returns the data."""
        for transport in self.transports.values():
            transport.asked.clear()
        got = await self.engine.execute(GraphQLRequest(query, variables or {}, authority=UNLIMITED), {}, 10)
        self._check_documents()
        want = self._want(query, variables)
        assert "errors" not in got, got["errors"]
        assert got["data"] == want, f"{got['data']} is not {want}"
        assert json.dumps(got["data"]) == json.dumps(want)
        return got["data"]

    async def agree_in_parts(self, query: str, random: Random) -> list[dict[str, Any]]:
        """Ask in parts, of subgraphs that answer in any order; all parts together must be what the monolith says."""
        for transport in self.transports.values():
            transport.asked.clear()
            transport.pauses = random
        parts = await read(await self.engine.execute_in_parts(GraphQLRequest(query, authority=UNLIMITED), {}, 10))
        self._check_documents()
        plain = print_ast(without_defer(parse(query)))
        got, want = merged(parts), self._want(plain, None)
        assert "errors" not in got, got["errors"]
        assert got["data"] == want, f"{got['data']} is not {want}"
        return parts

    def _check_documents(self) -> None:
        for name, transport in self.transports.items():
            for request in transport.asked:
                wrong = validate(self.rules[name].schema, parse(request.query))
                assert not wrong, f"{name}: {request.query}\n{wrong}"

    def _want(self, query: str, variables: Mapping[str, Any] | None) -> Any:
        want = execute(
            self.engine.public_schema,
            parse(query),
            variable_values=dict(variables or {}),
            field_resolver=self._monolith,
            type_resolver=lambda value, *_: value.type_name,
        )
        assert not want.errors, want.errors  # type: ignore[union-attr]
        return want.data  # type: ignore[union-attr]

    def fetched(self) -> list[str]:
        """Which subgraphs the last query asked, sorted."""
        return sorted(name for name, transport in self.transports.items() for _ in transport.asked)

    def is_kind(self, obj: Obj, type_name: str) -> bool:
        """Whether an object is of a type, by name or by interface."""
        return type_name in self._kin.get(obj.type_name, {obj.type_name})

    def _monolith(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if source is None:
            return self.roots[info.field_name]
        return self.value(source, info.field_name, arguments)

    def value(self, obj: Obj, name: str, arguments: Mapping[str, Any]) -> Any:
        """A field of an object as the whole graph knows it."""
        for rules in self.rules.values():
            for type_name in self._kin.get(obj.type_name, (obj.type_name,)):
                required = rules.directive(type_name, name, "requires")
                if required is not None and not self.overridden(rules.name, type_name, name):
                    told = self.project(obj, selection_of(required["fields"]))
                    return derived(name, told)
        return with_arguments(obj.values[name], arguments)

    def overridden(self, subgraph: str, type_name: str, name: str) -> bool:
        """Whether another subgraph took the field over for good."""
        moves = (rules.directive(type_name, name, "override") for rules in self.rules.values())
        return any(move is not None and move["from"] == subgraph and "label" not in move for move in moves)

    def project(self, obj: Obj, selection: SelectionSetNode) -> dict[str, Any]:
        """What a field set says of an object."""
        told: dict[str, Any] = {}
        for node in fields_in(selection, lambda name: self.is_kind(obj, name)):
            given = {a.name.value: value_from_ast_untyped(a.value) for a in node.arguments or ()}
            value = self.value(obj, node.name.value, given)
            told[node.name.value] = self._project_value(value, node.selection_set)
        return told

    def _project_value(self, value: Any, selection: SelectionSetNode | None) -> Any:
        if isinstance(value, list):
            return [self._project_value(item, selection) for item in value]
        if isinstance(value, Obj):
            assert selection is not None
            return self.project(value, selection)
        return value


class _Transport:
    """One subgraph of the world."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world = world
        self._rules = rules
        self.asked: list[SubgraphRequest] = []
        self.pauses: Random | None = None

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        self.asked.append(request)
        for _ in range(self.pauses.randrange(8) if self.pauses else 0):
            await asyncio.sleep(0)
        result = execute(
            self._rules.schema,
            parse(request.query),
            variable_values=request.variables,
            operation_name=request.operation_name,
            field_resolver=self._resolve,
            type_resolver=self._type,
        )
        return result.formatted  # type: ignore[union-attr,return-value]

    async def close(self) -> None:
        self.asked.clear()

    def _type(self, value: Seen, info: GraphQLResolveInfo, *_: Any) -> str:
        known = self._rules.schema.type_map
        if value.obj.type_name in known:
            return value.obj.type_name
        return next(name for name in known if self._world.is_kind(value.obj, name))

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        name = info.field_name
        if name == "_entities":
            return [self._entity(told) for told in arguments["representations"]]
        rules, type_name = self._rules, info.parent_type.name
        provided = rules.directive(type_name, name, "provides")
        given = selection_of(provided["fields"]) if provided else None
        if source is None:
            return self._seen(self._world.roots[name], given)
        assert isinstance(source, Seen)
        further = self._given(source, name)
        required = rules.directive(type_name, name, "requires")
        if required is not None:
            return derived(name, pick(source.told, selection_of(required["fields"])))
        in_key = any(n.name.value == name for key in rules.keys(type_name) for n in fields_in(key, lambda _: True))
        external = rules.directive(type_name, name, "external") is not None and not in_key
        moved = self._world.overridden(rules.name, type_name, name)
        if (external or moved) and further is None and name not in source.told:
            raise AssertionError(f"{rules.name} was asked for {type_name}.{name}")
        below = given or (further.selection_set if further else None)
        return self._seen(self._world.value(source.obj, name, arguments), below)

    def _given(self, source: Seen, name: str) -> FieldNode | None:
        if source.given is None:
            return None
        listed = fields_in(source.given, lambda kind: self._world.is_kind(source.obj, kind))
        return next((node for node in listed if node.name.value == name), None)

    def _seen(self, value: Any, given: SelectionSetNode | None) -> Any:
        if isinstance(value, list):
            return [self._seen(item, given) for item in value]
        return Seen(value, given=given) if isinstance(value, Obj) else value

    def _entity(self, told: Mapping[str, Any]) -> Seen | None:
        type_name = told["__typename"]
        keys = [key for key in self._rules.keys(type_name) if _complete(told, key)]
        assert keys, f"{self._rules.name} cannot find a {type_name} by {told}"
        for obj in self._world.objects:
            if self._world.is_kind(obj, type_name) and self._world.project(obj, keys[0]) == pick(told, keys[0]):
                return replace(Seen(obj), told=told)
        return None


def executable(sdl: str) -> GraphQLSchema:
    """A subgraph's SDL as a schema that runs, with the federation machinery that the gateway talks to."""
    text = DIRECTIVES + _with_bases(sdl)
    schema = build_schema(text, assume_valid_sdl=True)
    entities = [t.name for t in schema.type_map.values() if is_object_type(t) and _has_key(t)]
    if not entities:
        return schema
    machinery = "extend type Query" if "Query" in schema.type_map else "type Query"
    machinery += " { _entities(representations: [_Any!]!): [_Entity]! }"
    return build_schema(f"{text} {machinery} union _Entity = {' | '.join(entities)}", assume_valid_sdl=True)


def _with_bases(sdl: str) -> str:
    """Make the first extension of a type that is defined nowhere its definition."""
    printed = []
    nodes: list[Any] = list(parse(sdl).definitions)
    known = {node.name.value for node in nodes if hasattr(node, "name") and "extension" not in node.kind}
    for node in nodes:
        text = print_ast(node)
        if node.kind.endswith("type_extension") and node.name.value not in known:
            known.add(node.name.value)
            text = text.removeprefix("extend ")
        printed.append(text)
    return "\n".join(printed)


def _has_key(declared: Any) -> bool:
    nodes = [n for n in (declared.ast_node, *declared.extension_ast_nodes) if n]
    return any(d.name.value == "key" for node in nodes for d in node.directives or ())


def selection_of(text: str) -> SelectionSetNode:
    """A field set, parsed."""
    definition: Any = parse("{" + text + "}").definitions[0]
    selection: SelectionSetNode = definition.selection_set
    return selection


def fields_in(selection: SelectionSetNode, is_kind: Any) -> Iterator[FieldNode]:
    """Fields of a field set for an object, fragments dissolved."""
    for node in selection.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode) and (
            node.type_condition is None or is_kind(node.type_condition.name.value)
        ):
            yield from fields_in(node.selection_set, is_kind)


def pick(told: Mapping[str, Any], selection: SelectionSetNode) -> dict[str, Any]:
    """What a field set names of a representation; what is missing there is missing here."""
    picked: dict[str, Any] = {}
    for node in fields_in(selection, lambda name: told.get("__typename", name) == name):
        name = node.name.value
        if name in told:
            picked[name] = _pick_value(told[name], node.selection_set)
    return picked


def _pick_value(value: Any, selection: SelectionSetNode | None) -> Any:
    if isinstance(value, list):
        return [_pick_value(item, selection) for item in value]
    return pick(value, selection) if isinstance(value, Mapping) and selection else value


def _complete(told: Mapping[str, Any], selection: SelectionSetNode) -> bool:
    for node in fields_in(selection, lambda name: True):
        value = told.get(node.name.value)
        if value is None:
            return False
        if node.selection_set and isinstance(value, Mapping) and not _complete(value, node.selection_set):
            return False
    return True


def derived(name: str, told: Mapping[str, Any]) -> str:
    """The value of a field with `@requires`."""
    return f"{name} of {json.dumps(told, sort_keys=True)}"


def with_arguments(value: Any, arguments: Mapping[str, Any]) -> Any:
    """A text shows the arguments it was asked with."""
    if arguments and isinstance(value, str):
        return f"{value} {json.dumps(arguments, sort_keys=True)}"
    return value
