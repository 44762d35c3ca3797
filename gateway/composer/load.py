"""Reads a supergraph made elsewhere: from its `join__` directives back to what each subgraph declares.

Whoever composed it kept the rules of Federation: they are not checked again. What is read must make sense all the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from graphql import GraphQLError, TypeNode, parse
from graphql.language.parser import parse_type

from gateway.composer.access import access_rules
from gateway.composer.assemble import Carriers, assemble
from gateway.composer.contexts import context_uses
from gateway.composer.contract import Contract, narrow
from gateway.composer.declared import Declared, Definition, SubgraphSchema, Value, read_types, type_ref
from gateway.composer.external import Externals
from gateway.composer.fieldset import field_sets
from gateway.composer.interfaceobject import expand_interface_objects
from gateway.composer.join import context_name
from gateway.composer.link import Link
from gateway.composer.override import Step
from gateway.composer.publish import build, public_types
from gateway.errors import CompositionError, CompositionProblem
from gateway.supergraph import Supergraph

SPEC_PREFIXES = ("join__", "link__", "core__", "policy__", "requiresScopes__", "federation__", "connect__", "context__")
"""Types which belong to the specifications a supergraph is written in."""
CODE = "INVALID_SUPERGRAPH"


def load_supergraph(sdl: str, contract: Contract | None = None) -> Supergraph:
    """Read a supergraph's SDL (join v0.2 to v0.5); raises `CompositionError`."""
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as reason:
        raise CompositionError([CompositionProblem(CODE, reason.message)]) from reason
    link, types = read_types("supergraph", document)
    graphs, urls = _graphs(types)
    if misread := [*_misread(types)]:
        raise CompositionError(misread)
    types = {n: d for n, d in types.items() if not n.startswith(SPEC_PREFIXES)}
    plain = Link((2, 0), {}, frozenset(), link.composed, link.specs)
    schemas = [SubgraphSchema(name, plain, _types_of(types, graph, name)) for graph, name in graphs.items()]
    problems: list[CompositionProblem] = []
    expand_interface_objects(schemas, problems)
    sets = [field_set for schema in schemas for field_set in field_sets(schema, problems)]
    contexts = [use for schema in schemas for use in context_uses(schema, problems)]
    sets += [field_set for use in contexts for field_set in use.field_sets()]
    externals = Externals(schemas, sets, frozenset(_moved(types, graphs)))
    if contract is not None:
        narrow(types, contract)
    shown = public_types(types, problems)
    full, public = build(types, problems), build(shown, problems)
    if problems or full is None or public is None:
        raise CompositionError(problems)
    carriers = Carriers(sets, contexts)
    supergraph = assemble(schemas, carriers, externals, full, public, [*_steps(types, graphs)])
    return replace(supergraph, rules=access_rules(types)).with_sdl(sdl, urls)


def _misread(types: Mapping[str, Definition]) -> Iterator[CompositionProblem]:
    """What would change an answer if it were overlooked, hence refused."""
    for definition in types.values():
        places = [(definition.name, definition.directives)]
        places += [(f"{definition.name}.{field.name}", field.directives) for field in definition.fields.values()]
        for place, directives in places:
            for use in directives.get("@join__directive", ()):
                message = f"{place} is under @{use.get('name')}, which is not supported"
                yield CompositionProblem("UNSUPPORTED_FEATURE", message, hint="serve it by a subgraph")


def _graphs(types: Mapping[str, Definition]) -> tuple[dict[str, str], dict[str, str]]:
    """Subgraph names by their values in `join__Graph`, and their URLs by name."""
    declared = types.get("join__Graph")
    if declared is None:
        raise CompositionError([CompositionProblem(CODE, "the SDL has no enum join__Graph, so it is no supergraph")])
    told = {value.name: value.directives.get("@join__graph", [{}])[0] for value in declared.fields.values()}
    names = {value: str(use.get("name", value)) for value, use in told.items()}
    return names, {names[value]: str(use["url"]) for value, use in told.items() if use.get("url")}


def _types_of(types: Mapping[str, Definition], graph: str, subgraph: str) -> dict[str, Definition]:
    found = {}
    for name, merged in types.items():
        own = _of(merged.directives, "@join__type", graph)
        if not own:
            continue
        definition = Definition(name, merged.kind, extends=False)
        _keys(definition, own)
        contexts = [_own_context(str(use.get("name")), subgraph) for use in merged.directives.get("context", ())]
        if any(contexts):
            definition.directives["context"] = [{"name": context} for context in contexts if context]
        definition.interfaces = _listed(merged, "@join__implements", "interface", graph, merged.interfaces)
        definition.members = _listed(merged, "@join__unionMember", "member", graph, merged.members)
        if merged.kind == "enum":
            definition.fields = {
                value.name: value
                for value in merged.fields.values()
                if "@join__enumValue" not in value.directives or _of(value.directives, "@join__enumValue", graph)
            }
        else:
            definition.fields = {field.name: field for field in _fields(merged, graph, subgraph)}
            definition.values = {value.name: value for value in _values(merged, graph)}
        found[name] = definition
    return found


def _moved(types: Mapping[str, Definition], graphs: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Fields which a subgraph declares although another took them over."""
    for definition in types.values():
        for field in definition.fields.values():
            for use in field.directives.get("@join__field", ()):
                if use.get("usedOverridden") and use.get("graph") in graphs:
                    yield graphs[str(use["graph"])], definition.name, field.name


def _steps(types: Mapping[str, Definition], graphs: Mapping[str, str]) -> Iterator[Step]:
    """Fields that move by label, from subgraphs that are there and still declare them."""
    for definition in types.values():
        for field in definition.fields.values():
            uses = field.directives.get("@join__field", ())
            declaring = {graphs.get(str(use.get("graph"))) for use in uses}
            for use in uses:
                label, source = use.get("overrideLabel"), use.get("override")
                if label and source in declaring and use.get("graph") in graphs:
                    yield Step(str(label), definition.name, field.name, str(source), graphs[str(use["graph"])])


def _keys(definition: Definition, own: list[dict[str, Any]]) -> None:
    keys = [use for use in own if use.get("key")]
    if keys:
        definition.directives["key"] = [
            {"fields": use["key"], "resolvable": use.get("resolvable", True)} for use in keys
        ]
    if any(use.get("isInterfaceObject") for use in own):
        definition.directives["interfaceObject"] = [{}]
        definition.kind = "object"


def _listed(merged: Definition, directive: str, argument: str, graph: str, default: list[str]) -> list[str]:
    """Interfaces or members in one subgraph; a supergraph that does not say has them in every one."""
    if directive not in merged.directives:
        return list(default)
    return [str(use[argument]) for use in _of(merged.directives, directive, graph)]


def _of(directives: Mapping[str, list[dict[str, Any]]], directive: str, graph: str) -> list[dict[str, Any]]:
    return [use for use in directives.get(directive, ()) if use.get("graph") == graph]


def _fields(merged: Definition, graph: str, subgraph: str) -> Iterator[Declared]:
    for field in merged.fields.values():
        uses = field.directives.get("@join__field")
        if uses is None:
            yield Declared(field.name, field.type, field.arguments, None, {})
        for use in uses or ():
            if use.get("graph") != graph:
                continue
            directives: dict[str, list[dict[str, Any]]] = {}
            for purpose in ("requires", "provides"):
                if use.get(purpose):
                    directives[purpose] = [{"fields": use[purpose]}]
            if use.get("external"):
                directives["external"] = [{}]
            own = type_ref(_parsed(str(use["type"]))) if use.get("type") else field.type
            contextual = {argument.name: argument for argument in _contextual(use, subgraph)}
            yield Declared(field.name, own, {**field.arguments, **contextual}, None, directives)


def _own_context(name: str, subgraph: str) -> str | None:
    """A context by the subgraph's own name for it; None if it is another's."""
    prefix = context_name(subgraph, "")
    return name.removeprefix(prefix) if name.startswith(prefix) else None


def _contextual(use: Mapping[str, Any], subgraph: str) -> Iterator[Value]:
    """Arguments of a field that are set from context in one subgraph."""
    for told in use.get("contextArguments") or ():
        context = _own_context(str(told.get("context")), subgraph)
        if context is None:
            raise CompositionError([CompositionProblem(CODE, f"{told.get('context')} is no context of {subgraph}")])
        selection = f"${context} {told.get('selection')}"
        declared = type_ref(_parsed(str(told.get("type"))))
        yield Value(str(told.get("name")), declared, None, None, {"fromContext": [{"field": selection}]})


def _values(merged: Definition, graph: str) -> Iterator[Value]:
    for value in merged.values.values():
        if "@join__field" not in value.directives or _of(value.directives, "@join__field", graph):
            yield value


def _parsed(text: str) -> TypeNode:
    try:
        return parse_type(text, no_location=True)
    except GraphQLError as reason:
        raise CompositionError([CompositionProblem(CODE, f"{text} is no type")]) from reason
