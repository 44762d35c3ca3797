"""Prints a supergraph as other routers load it: merged types under `join__` directives that say what is whose.

Follows join v0.4 (v0.5 where arguments are set from context) and link v1.0. Owns the
printing alone; `load` reads it back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.composer.contexts import ContextUse
from gateway.composer.declared import Applied, Declared, Definition, SubgraphSchema, Value
from gateway.composer.external import Externals, marked_external
from gateway.composer.joinspec import CARRIED_SPECS, CONTEXT, CONTEXT_LINK, JOIN, JOIN_WITH_CONTEXT, graph_names
from gateway.composer.override import Step, label_of
from gateway.composer.publish import KEYWORDS, describe, quote
from gateway.supergraph import ROOTS


@dataclass(frozen=True, slots=True)
class Sources:
    """What the printing needs to know of the subgraphs; `urls` are where each is served, if that is known."""

    schemas: Sequence[SubgraphSchema]
    externals: Externals
    urls: Mapping[str, str]
    steps: Sequence[Step] = ()
    contexts: Sequence[ContextUse] = ()

    @property
    def contextual(self) -> bool:
        """Whether any subgraph sets a context."""
        return any("context" in d.directives for schema in self.schemas for d in schema.types.values())


def print_supergraph(types: Mapping[str, Definition], sources: Sources) -> str:
    """Return the supergraph SDL. Types stand in the order of their names, so that a change is a small diff."""
    printer = _Printer(types, sources)
    listed = [types[name] for name in sorted(types)]
    body = [printer.definition(definition) for definition in listed]
    return "\n\n".join([*_head(types, sources), *body]) + "\n"


def _head(types: Mapping[str, Definition], sources: Sources) -> Iterator[str]:
    used = set(_used_directives(types))
    links = ['@link(url: "https://specs.apollo.dev/link/v1.0")']
    join = "v0.5" if sources.contextual else "v0.4"
    links.append(f'@link(url: "https://specs.apollo.dev/join/{join}", for: EXECUTION)')
    definitions = []
    if sources.contextual:
        links.append(CONTEXT_LINK)
        definitions.append(CONTEXT)
    for name, (link, definition) in CARRIED_SPECS.items():
        if name in used:
            links.append(link)
            definitions.append(definition)
    if {"cost", "listSize"} <= used:  # one specification, linked once
        links.remove(CARRIED_SPECS["cost"][0])
    for name, (url, definition) in sorted(_composed(sources.schemas).items()):
        if f"@{name}" in used:
            links += [f'@link(url: {quote(url)}, import: ["@{name}"])'] if url else []
            definitions.append(definition)
    roots = "".join(f"  {name.lower()}: {name}\n" for name in ROOTS if name in types)
    lines = "\n".join(f"  {link}" for link in links)
    yield f"schema\n{lines}\n{{\n{roots}}}"
    yield JOIN_WITH_CONTEXT if sources.contextual else JOIN
    yield from definitions
    names = graph_names([schema.name for schema in sources.schemas])
    values = [f"  {names[n]} @join__graph(name: {quote(n)}, url: {quote(sources.urls.get(n, ''))})" for n in names]
    yield "enum join__Graph {\n" + "\n".join(values) + "\n}"


def _composed(schemas: Sequence[SubgraphSchema]) -> dict[str, tuple[str, str]]:
    """Own directives that are carried along: URL of their spec and definition."""
    found: dict[str, tuple[str, str]] = {}
    for schema in schemas:
        for name in schema.link.composed:
            if name in schema.directives:
                found.setdefault(name, (schema.link.specs.get(name, ""), schema.directives[name]))
    return found


def _used_directives(types: Mapping[str, Definition]) -> Iterator[str]:
    for definition in types.values():
        yield from definition.directives
        for value in definition.values.values():
            yield from value.directives
        for field in definition.fields.values():
            yield from field.directives
            for argument in field.arguments.values():
                yield from argument.directives


class _Printer:
    """Prints one type after the other."""

    def __init__(self, types: Mapping[str, Definition], sources: Sources) -> None:
        self._types = types
        self._externals = sources.externals
        self._graphs = graph_names([schema.name for schema in sources.schemas])
        self._schemas = {schema.name: schema for schema in sources.schemas}
        self._contextual: dict[tuple[str, str, str], list[ContextUse]] = {}
        for use in sources.contexts:
            self._contextual.setdefault((use.subgraph, use.type_name, use.field), []).append(use)
        self._leaving = {(step.source, step.type_name, step.field): step.label for step in sources.steps}

    def definition(self, merged: Definition) -> str:
        declared = {
            name: schema.types[merged.name]
            for name, schema in self._schemas.items()
            if merged.name in schema.types and not schema.types[merged.name].stands_behind
        }
        head = describe(merged.description, "")
        keyword = KEYWORDS.get(merged.kind, merged.kind)
        head += f"{keyword} {merged.name}"
        head += f" implements {' & '.join(merged.interfaces)}" if merged.interfaces else ""
        head += "".join(f"\n  {line}" for line in self._type_directives(merged, declared))
        head += print_directives(merged.directives)
        if merged.kind == "scalar":
            return head
        if merged.kind == "union":
            return f"{head}\n  = {' | '.join(merged.members)}"
        if merged.kind == "enum":
            lines = [self._enum_value(value, declared) for value in merged.fields.values()]
        elif merged.kind == "input":
            lines = [self._input_field(value, declared) for value in merged.values.values()]
        else:
            lines = [self._field(merged, field, declared) for field in merged.fields.values()]
        return head + "\n{\n" + "\n".join(lines) + "\n}"

    def _type_directives(self, merged: Definition, declared: Mapping[str, Definition]) -> Iterator[str]:
        graphs = declared if merged.name != "Query" else self._schemas
        for name in graphs:
            graph = self._graphs[name]
            uses = declared[name].directives.get("key", ()) if name in declared else ()
            opaque = ", isInterfaceObject: true" if name in declared and declared[name].interface_object else ""
            for use in uses if merged.kind in ("object", "interface") else ():
                resolvable = "" if use.get("resolvable", True) else ", resolvable: false"
                yield f"@join__type(graph: {graph}, key: {quote(str(use.get('fields')))}{resolvable}{opaque})"
            if not uses:
                yield f"@join__type(graph: {graph}{opaque})"
        for name, definition in declared.items():
            for interface in definition.interfaces:
                yield f"@join__implements(graph: {self._graphs[name]}, interface: {quote(interface)})"
            for member in definition.members:
                yield f"@join__unionMember(graph: {self._graphs[name]}, member: {quote(member)})"
            for use in definition.directives.get("context", ()):
                yield f"@context(name: {quote(context_name(name, str(use.get('name'))))})"

    def _field(self, merged: Definition, field: Declared, declared: Mapping[str, Definition]) -> str:
        having = {name: d.fields[field.name] for name, d in declared.items() if field.name in d.fields}
        uses = {name: self._attributes(name, merged.name, own, field) for name, own in having.items()}
        plain = len(having) == len(declared) and not any(uses.values()) and merged.name not in ROOTS
        joins = ""
        if not having:
            joins = " @join__field"
        elif not plain:
            for name, attributes in uses.items():
                if attributes is not None:
                    joins += f" @join__field({', '.join([f'graph: {self._graphs[name]}', *attributes])})"
        arguments = ""
        if field.arguments:
            listed = "\n".join(describe(a.description, "    ") + f"    {_value(a)}" for a in field.arguments.values())
            arguments = f"(\n{listed}\n  )"
        text = f"{describe(field.description)}  {field.name}{arguments}: {field.type}{joins}"
        return text + print_directives(field.directives)

    def _attributes(self, graph: str, type_name: str, own: Declared, merged: Declared) -> list[str] | None:
        """What is special about a field in one subgraph; None if the subgraph lost it to another."""
        attributes = []
        for purpose in ("requires", "provides"):
            for use in own.directives.get(purpose, ()):
                attributes.append(f"{purpose}: {quote(str(use.get('fields')))}")
        if str(own.type) != str(merged.type):
            attributes.append(f"type: {quote(str(own.type))}")
        if self._externals.is_moved(graph, type_name, own.name):
            if not self._externals.is_named(graph, type_name, own.name) and not self._in_interface(
                graph, type_name, own
            ):
                return None
            attributes.append("usedOverridden: true")
        elif own.name in marked_external(self._schemas[graph].types[type_name]) and not self._is_key(
            graph, type_name, own
        ):
            attributes.append("external: true")
        for use in own.directives.get("override", ()):
            attributes.append(f"override: {quote(str(use.get('from')))}")
        label = label_of(own) or self._leaving.get((graph, type_name, own.name))
        if label is not None:
            attributes.append(f"overrideLabel: {quote(label)}")
        contextual = self._contextual.get((graph, type_name, own.name), ())
        if contextual:
            attributes.append(f"contextArguments: [{', '.join(_context_argument(use) for use in contextual)}]")
        return attributes

    def _is_key(self, graph: str, type_name: str, own: Declared) -> bool:
        """A Federation 1 extension marks its keys external, which means nothing."""
        schema = self._schemas[graph]
        return schema.link.federation_1 and not self._externals.is_external(graph, type_name, own.name)

    def _in_interface(self, graph: str, type_name: str, own: Declared) -> bool:
        types = self._schemas[graph].types
        return any(own.name in types[i].fields for i in types[type_name].interfaces if i in types)

    def _enum_value(self, value: Declared, declared: Mapping[str, Definition]) -> str:
        graphs = [self._graphs[name] for name, d in declared.items() if value.name in d.fields]
        joins = "".join(f" @join__enumValue(graph: {graph})" for graph in graphs)
        return f"{describe(value.description)}  {value.name}{joins}{print_directives(value.directives)}"

    def _input_field(self, value: Value, declared: Mapping[str, Definition]) -> str:
        uses = {name: str(d.values[value.name].type) for name, d in declared.items() if value.name in d.values}
        joins = ""
        if any(own != str(value.type) for own in uses.values()):
            for name, own in uses.items():
                different = f", type: {quote(own)}" if own != str(value.type) else ""
                joins += f" @join__field(graph: {self._graphs[name]}{different})"
        return describe(value.description) + "  " + _value(value, joins)


def context_name(subgraph: str, name: str) -> str:
    """What a subgraph's context is called in the supergraph."""
    return f"{subgraph}__{name}"


def _context_argument(use: ContextUse) -> str:
    context, argument = quote(context_name(use.subgraph, use.context)), use.argument
    told = f"name: {quote(argument.name)}, type: {quote(str(argument.type))}, selection: {quote(use.text)}"
    return f"{{context: {context}, {told}}}"


def _value(value: Value, joins: str = "") -> str:
    default = f" = {value.default}" if value.default is not None else ""
    return f"{value.name}: {value.type}{default}{joins}{print_directives(value.directives)}"


def print_directives(applied: Applied) -> str:
    """Return applied directives as text, each after a space."""
    text = ""
    for name, uses in applied.items():
        for use in uses:
            given = ", ".join(f"{key}: {_literal(value)}" for key, value in use.items() if value is not None)
            text += f" @{name.removeprefix('@')}" + (f"({given})" if given else "")
    return text


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_literal(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value)
