"""Merge rules of what goes in: arguments, input fields, enum values. Also of descriptions and directives."""

from collections.abc import Iterable, Sequence

from gateway.composer.declared import Applied, Declared, Definition, SubgraphSchema, Value
from gateway.composer.demand import merge_demand
from gateway.errors import CompositionProblem
from gateway.supergraph import TypeRef

CARRIED = ("inaccessible", "@deprecated", "@specifiedBy", "authenticated")
"""Directives that hold in the graph as soon as one subgraph applies them."""
UNITED = ("tag",)
"""Directives of which the graph has every different application."""
CONJOINED = {"requiresScopes": "scopes", "policy": "policies"}
"""Access rules: what any subgraph demands is demanded, so rules of several are joined by "and"."""


class EnumUse:
    """Where in any subgraph an enum stands: in inputs, in outputs, or both."""

    def __init__(self, schemas: Sequence[SubgraphSchema]) -> None:
        self.inputs: set[str] = set()
        self.outputs: set[str] = set()
        for schema in schemas:
            for definition in schema.types.values():
                self.inputs |= {value.type.name for value in definition.values.values()}
                if definition.kind not in ("object", "interface"):
                    continue
                if definition.stands_behind:
                    continue
                for field in definition.fields.values():
                    self.outputs.add(field.type.name)
                    self.inputs |= {argument.type.name for argument in field.arguments.values()}


def merge_enum(
    merged: Definition,
    declared: Sequence[tuple[str, Definition]],
    use: EnumUse,
    problems: list[CompositionProblem],
) -> None:
    """Values of an enum: all if it only comes out, the common ones if it only goes in, else they must agree."""
    goes_in, comes_out = merged.name in use.inputs, merged.name in use.outputs
    for name in dict.fromkeys(v for _, d in declared for v in d.fields):
        having = [d.fields[name] for _, d in declared if name in d.fields]
        directives = carried([value.directives for value in having])
        if len(having) < len(declared) and goes_in:
            if comes_out and "inaccessible" not in directives:
                lacking = tuple(s for s, d in declared if name not in d.fields)
                message = f"enum {merged.name} goes in and comes out, but not every subgraph has {name}"
                problems.append(CompositionProblem("ENUM_VALUE_MISMATCH", message, lacking))
            if not comes_out:
                continue
        told = description(value.description for value in having)
        merged.fields[name] = Declared(name, TypeRef(merged.name), {}, told, directives)
    if not merged.fields:
        message = f"enum {merged.name} has no value that every subgraph knows"
        problems.append(CompositionProblem("EMPTY_MERGED_ENUM_TYPE", message, tuple(s for s, _ in declared)))


def merge_input(
    merged: Definition, declared: Sequence[tuple[str, Definition]], problems: list[CompositionProblem]
) -> None:
    """Fields of an input type: those that every subgraph knows; a required one must be known to all."""
    codes = ("REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH", "FIELD_TYPE_MISMATCH", "INPUT_FIELD_DEFAULT_MISMATCH")
    merged.values = _merge_values(merged.name, [(s, d.values) for s, d in declared], codes, problems)
    if not merged.values:
        message = f"input {merged.name} has no field that every subgraph knows"
        problems.append(CompositionProblem("EMPTY_MERGED_INPUT_TYPE", message, tuple(s for s, _ in declared)))


def merge_arguments(
    where: str, own: Sequence[tuple[str, Declared]], problems: list[CompositionProblem]
) -> dict[str, Value]:
    """Arguments of a field: those that every subgraph knows; a required one must be known to all.

    One that any subgraph has set from context is none of the client's.
    """
    codes = (
        "REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH",
        "FIELD_ARGUMENT_TYPE_MISMATCH",
        "FIELD_ARGUMENT_DEFAULT_MISMATCH",
    )
    contextual = {a.name for _, field in own for a in field.arguments.values() if "fromContext" in a.directives}
    listed = [(s, {n: a for n, a in field.arguments.items() if n not in contextual}) for s, field in own]
    return _merge_values(where, listed, codes, problems)


def _merge_values(
    where: str,
    declared: Sequence[tuple[str, dict[str, Value]]],
    codes: tuple[str, str, str],
    problems: list[CompositionProblem],
) -> dict[str, Value]:
    missing_code, type_code, default_code = codes
    merged = {}
    for name in dict.fromkeys(v for _, values in declared for v in values):
        having = [(s, values[name]) for s, values in declared if name in values]
        subgraphs = tuple(s for s, _ in having)
        if len(having) < len(declared):
            if any(value.type.non_null and value.default is None for _, value in having):
                lacking = tuple(s for s, values in declared if name not in values)
                message = f"{where}: {name} is required in {', '.join(subgraphs)} and missing in {', '.join(lacking)}"
                problems.append(CompositionProblem(missing_code, message, lacking))
            continue
        value_type: TypeRef | None = having[0][1].type
        for _, other in having[1:]:
            value_type = merge_input_type(value_type, other.type) if value_type else None
        if value_type is None:
            told = ", ".join(f"{value.type} in {s}" for s, value in having)
            problems.append(CompositionProblem(type_code, f"{where}: {name} is {told}", subgraphs))
            continue
        if len({value.default for _, value in having}) > 1:
            told = ", ".join(f"{value.default or 'no default'} in {s}" for s, value in having)
            problems.append(CompositionProblem(default_code, f"{where}: {name} defaults to {told}", subgraphs))
        merged[name] = Value(
            name,
            value_type,
            having[0][1].default,
            description(value.description for _, value in having),
            carried([value.directives for _, value in having]),
        )
    return merged


def merge_input_type(one: TypeRef, other: TypeRef) -> TypeRef | None:
    """The strictest type that both accept; None if there is none."""
    non_null = one.non_null or other.non_null
    if one.of is not None and other.of is not None:
        inner = merge_input_type(one.of, other.of)
        return TypeRef(inner.name, inner, non_null) if inner else None
    if one.of is not None or other.of is not None or one.name != other.name:
        return None
    return TypeRef(one.name, None, non_null)


def description(texts: Iterable[str | None]) -> str | None:
    """The first description that is not empty."""
    return next((text for text in texts if text), None)


def carried(applied: Sequence[Applied], composed: frozenset[str] = frozenset()) -> Applied:
    """Directives of the merged element. `composed` are own ones which the graph carries."""
    merged: Applied = {}
    for name in CARRIED:
        for directives in applied:
            if name in directives and name not in merged:
                merged[name] = directives[name]
    for name in (*UNITED, *sorted(composed)):
        for use in (use for directives in applied for use in directives.get(name, ())):
            known = merged.setdefault(name, [])
            if use not in known:
                known.append(use)
    for name, argument in CONJOINED.items():
        rules = [use[argument] for directives in applied for use in directives.get(name, ()) if use.get(argument)]
        if rules:
            merged[name] = [{argument: _conjunction(rules)}]
    merged |= merge_demand(applied)
    if applied and all("@oneOf" in directives for directives in applied):
        merged["@oneOf"] = [{}]
    return merged


def _conjunction(rules: Sequence[Sequence[Sequence[str]]]) -> list[list[str]]:
    """Rules of "any of these lists, all of a list" that must hold together, as one such rule."""
    together: list[list[str]] = [[]]
    for rule in rules:
        joined = [list(dict.fromkeys((*one, *other))) for one in together for other in rule]
        together = [one for n, one in enumerate(joined) if one not in joined[:n]]
    return together
