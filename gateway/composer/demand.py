"""What operations are said to cost: `@cost` and `@listSize`, checked in each subgraph and merged for the supergraph.

The supergraph has the highest cost that any subgraph names. Nothing is refused for its cost here: `gateway.cost` and
other routers do so.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.composer.declared import Applied, Declared, Definition, SubgraphSchema
from gateway.errors import CompositionProblem

Use = Mapping[str, Any]


def merge_demand(applied: Sequence[Applied]) -> Applied:
    """The one `@cost` and the one `@listSize` of a merged element, if any subgraph applies them."""
    merged: Applied = {}
    costs = [use for directives in applied for use in directives.get("cost", ())]
    if costs:
        merged["cost"] = [{"weight": max(int(use.get("weight", 0)) for use in costs)}]
    sizes = [use for directives in applied for use in directives.get("listSize", ())]
    if sizes:
        merged["listSize"] = [_merge_sizes(sizes)]
    return merged


def _merge_sizes(uses: Sequence[Use]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    assumed = [int(use["assumedSize"]) for use in uses if use.get("assumedSize") is not None]
    if assumed:
        merged["assumedSize"] = max(assumed)
    for argument in ("slicingArguments", "sizedFields"):
        listed = [name for use in uses for name in use.get(argument) or ()]
        if listed:
            merged[argument] = list(dict.fromkeys(listed))
    if any(use.get("requireOneSlicingArgument") is False for use in uses):
        merged["requireOneSlicingArgument"] = False
    return merged


def check_demand(schema: SubgraphSchema) -> Iterator[CompositionProblem]:
    """Costs stand on what is resolved, and sizes name arguments and fields that are there."""
    own = (schema.name,)
    for definition in schema.types.values():
        for field in definition.fields.values():
            place = f"{definition.name}.{field.name}"
            if definition.kind == "interface" and "cost" in field.directives:
                message = f"@cost on {place}: an interface's fields cost what those of its types do"
                yield CompositionProblem("COST_APPLIED_TO_INTERFACE_FIELD", message, own)
            for use in field.directives.get("listSize", ()):
                for code, told in _wrong_size(schema, definition, field, use):
                    yield CompositionProblem(code, f"@listSize on {place}: {told}", own)


def _wrong_size(schema: SubgraphSchema, definition: Definition, field: Declared, use: Use) -> Iterator[tuple[str, str]]:
    sized = use.get("sizedFields") or ()
    if field.type.of is None and not sized:
        yield "LIST_SIZE_APPLIED_TO_NON_LIST", f"{field.type} is no list, and no sizedFields are named"
    if isinstance(use.get("assumedSize"), int) and use["assumedSize"] < 0:
        yield "LIST_SIZE_INVALID_ASSUMED_SIZE", "assumedSize is negative"
    for name in use.get("slicingArguments") or ():
        argument = field.arguments.get(str(name).partition(".")[0])
        if argument is None:
            yield "LIST_SIZE_INVALID_SLICING_ARGUMENT", f"there is no argument {name}"
        elif "." not in str(name) and (argument.type.of is not None or argument.type.name != "Int"):
            yield "LIST_SIZE_INVALID_SLICING_ARGUMENT", f"argument {name} is {argument.type}, not Int"
    below = schema.types.get(field.type.name)
    for name in sized:
        first = str(name).partition(".")[0]
        found = below.fields.get(first) if below is not None and below.kind in ("object", "interface") else None
        if found is None:
            yield "LIST_SIZE_INVALID_SIZED_FIELD", f"{field.type.name} has no field {first}"
        elif "." not in str(name) and found.type.of is None:
            yield "LIST_SIZE_APPLIED_TO_NON_LIST", f"{field.type.name}.{name} is {found.type}, not a list"
