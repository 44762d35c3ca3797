"""A supergraph as sorted lines: what each subgraph knows and what clients see, whoever composed it."""

from collections.abc import Iterator

from gateway.supergraph import Subgraph, Supergraph
from gateway.supergraph.selection import Selection


def canonical(supergraph: Supergraph) -> list[str]:
    """Lines that are equal for two supergraphs exactly if a router would treat them alike."""
    lines = [line for subgraph in supergraph.subgraphs.values() for line in _subgraph(subgraph)]
    for label in supergraph.labels.fields if supergraph.labels else ():
        moved = supergraph.labels.under(frozenset([label]))  # type: ignore[union-attr]
        lines += [f"under {label} {line}" for subgraph in moved.subgraphs.values() for line in _subgraph(subgraph)]
    schema = supergraph.public_schema.type_map
    for name, fields in supergraph.public_index.returns.items():
        if name.startswith("__"):
            continue
        lines += [f"public {name}.{field}: {schema[name].fields[field].type}" for field in fields]  # type: ignore[union-attr]
        lines += [
            f"public {name}.{field}({argument}: {declared.type} = {declared.default_value})"
            for field in fields
            for argument, declared in schema[name].fields[field].args.items()  # type: ignore[union-attr]
        ]
    for name, declared in schema.items():
        if not name.startswith("__") and hasattr(declared, "values"):
            lines += [f"public enum {name} {value}" for value in declared.values]
        elif hasattr(declared, "types"):
            lines += [f"public union {name} {member.name}" for member in declared.types]
    return sorted(lines)


def _subgraph(subgraph: Subgraph) -> Iterator[str]:
    for declared in subgraph.types.values():
        at = f"{subgraph.name} {declared.name}"
        if declared.name != "Query" or declared.fields:
            yield f"{at} is {declared.kind} of {' '.join(sorted(subgraph.possible[declared.name]))}"
        if declared.kind == "union":
            continue
        for key in declared.keys:
            yield f"{at} by {selection(key.selection)} {'resolvable' if key.resolvable else 'not resolvable'}"
        for field in declared.fields.values():
            yield f"{at}.{field.name}: {field.type}" + (" external" if field.external else "")
            for argument in field.contextual:
                for name, told in argument.selections.items():
                    yield f"{at}.{field.name}({argument.name}: {argument.type}) of {name} {selection(told)}"
            for what, asked in (("requires", field.requires), ("provides", field.provides)):
                if asked is not None:
                    yield f"{at}.{field.name} {what} {selection(asked)}"


def selection(asked: Selection) -> str:
    """A field set, sorted, fragments dissolved."""
    parts = []
    for type_name, fields in sorted(asked.by_type.items()):
        listed = sorted(
            f"{f.name}{f.arguments}{selection(f.selection) if f.selection else ''}" for f in fields.values()
        )
        parts.append(f"{type_name}{{{' '.join(listed)}}}")
    return "{" + " ".join(parts) + "}"
