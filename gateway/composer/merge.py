"""Merges what subgraphs declare into one graph, type by type, by Federation's merge rules.

Output is the union of what is declared and as nullable as the most nullable; input is the intersection and as strict as
the strictest. Owns the rules by kind; `values` owns those of inputs, arguments and enums.
"""

from collections.abc import Callable, Sequence

from graphql import specified_scalar_types

from gateway.composer.declared import Declared, Definition, SubgraphSchema
from gateway.composer.external import Externals
from gateway.composer.values import EnumUse, carried, description, merge_arguments, merge_enum, merge_input
from gateway.errors import CompositionProblem
from gateway.supergraph import TypeRef

Named = tuple[str, Definition]


def merge_types(
    schemas: Sequence[SubgraphSchema], externals: Externals, problems: list[CompositionProblem]
) -> dict[str, Definition]:
    """Return the merged types; what cannot be merged is told in `problems`."""
    merger = _Merger(schemas, externals, problems)
    names = dict.fromkeys(name for schema in schemas for name in schema.types)
    return {name: merged for name in names if (merged := merger.merge(name)) is not None}


class _Merger:
    """Merges by kind; knows the subtype relation of the whole graph before any field is merged."""

    def __init__(
        self, schemas: Sequence[SubgraphSchema], externals: Externals, problems: list[CompositionProblem]
    ) -> None:
        self._schemas = schemas
        self._externals = externals
        self._problems = problems
        self._enums = EnumUse(schemas)
        self._composed = frozenset(f"@{name}" for schema in schemas for name in schema.link.composed)
        self._subtypes: set[tuple[str, str]] = set()
        for schema in schemas:
            for definition in schema.types.values():
                self._subtypes |= {(definition.name, interface) for interface in definition.interfaces}
                self._subtypes |= {(member, definition.name) for member in definition.members}

    def merge(self, name: str) -> Definition | None:
        declared = [(s.name, s.types[name]) for s in self._schemas if name in s.types]
        kinds = {"interface" if definition.interface_object else definition.kind for _, definition in declared}
        if len(kinds) > 1:
            told = ", ".join(f"{definition.kind} in {subgraph}" for subgraph, definition in declared)
            self._tell("TYPE_KIND_MISMATCH", f"type {name} is {told}", declared)
            return None
        if name in specified_scalar_types:
            return None
        kind = kinds.pop()
        merged = Definition(name, kind, description(d.description for _, d in declared), extends=False)
        merged.directives = carried([d.directives for _, d in declared], self._composed)
        merged.interfaces = list(dict.fromkeys(i for _, d in declared for i in d.interfaces))
        merged.members = list(dict.fromkeys(m for _, d in declared for m in d.members))
        if kind in ("object", "interface"):
            self._merge_fields(merged, declared)
        elif kind == "input":
            merge_input(merged, declared, self._problems)
        elif kind == "enum":
            merge_enum(merged, declared, self._enums, self._problems)
        return merged

    def _merge_fields(self, merged: Definition, declared: Sequence[Named]) -> None:
        for name in dict.fromkeys(f for _, d in declared for f in d.fields):
            everywhere = [(s, d.fields[name]) for s, d in declared if name in d.fields]
            own = [(s, f) for s, f in everywhere if not self._externals.is_external(s, merged.name, name)]
            if not own:
                message = f"{merged.name}.{name} is @external in every subgraph that declares it"
                self._tell("EXTERNAL_MISSING_ON_BASE", message, everywhere)
                continue
            merged.fields[name] = self._merge_field(merged.name, name, own)
            self._compare_external(merged.name, merged.fields[name], everywhere, own)

    def _merge_field(self, of: str, name: str, own: Sequence[tuple[str, Declared]]) -> Declared:
        where = f"{of}.{name}"
        merged_type: TypeRef | None = own[0][1].type
        for _, other in own[1:]:
            merged_type = merge_output(merged_type, other.type, self._is_subtype) if merged_type else None
        if merged_type is None:
            told = ", ".join(f"{field.type} in {subgraph}" for subgraph, field in own)
            self._tell("FIELD_TYPE_MISMATCH", f"{where} is {told}", own)
        return Declared(
            name,
            merged_type or own[0][1].type,
            merge_arguments(where, own, self._problems),
            description(field.description for _, field in own),
            carried([field.directives for _, field in own], self._composed),
        )

    def _compare_external(
        self,
        of: str,
        merged: Declared,
        everywhere: Sequence[tuple[str, Declared]],
        own: Sequence[tuple[str, Declared]],
    ) -> None:
        owners = {subgraph for subgraph, _ in own}
        for subgraph, field in everywhere:
            if subgraph in owners:
                continue
            moved = (subgraph, of, field.name) in self._externals.overridden
            if merge_output(field.type, merged.type, self._is_subtype) is None:
                self._problems.append(
                    CompositionProblem(
                        "FIELD_TYPE_MISMATCH" if moved else "EXTERNAL_TYPE_MISMATCH",
                        f"{of}.{field.name} is @external as {field.type}, but its owner says {merged.type}",
                        (subgraph,),
                    )
                )
            for argument in merged.arguments.values():
                if argument.name not in field.arguments and not moved:
                    self._problems.append(
                        CompositionProblem(
                            "EXTERNAL_ARGUMENT_MISSING",
                            f"@external {of}.{field.name} lacks the argument {argument.name} of its owner",
                            (subgraph,),
                        )
                    )

    def _is_subtype(self, sub: str, of: str) -> bool:
        return sub == of or (sub, of) in self._subtypes

    def _tell(self, code: str, message: str, declared: Sequence[tuple[str, object]]) -> None:
        self._problems.append(CompositionProblem(code, message, tuple(subgraph for subgraph, _ in declared)))


def merge_output(one: TypeRef, other: TypeRef, is_subtype: Callable[[str, str], bool]) -> TypeRef | None:
    """The narrowest type that holds what both may return; None if there is none."""
    non_null = one.non_null and other.non_null
    if one.of is not None and other.of is not None:
        inner = merge_output(one.of, other.of, is_subtype)
        return TypeRef(inner.name, inner, non_null) if inner else None
    if one.of is not None or other.of is not None:
        return None
    for wide, narrow in ((one.name, other.name), (other.name, one.name)):
        if is_subtype(narrow, wide):
            return TypeRef(wide, None, non_null)
    return None
