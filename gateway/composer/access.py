"""Reads what a graph demands of who asks off the directives of its merged types."""

from collections.abc import Iterator, Mapping

from gateway.composer.declared import Applied, Definition
from gateway.supergraph.access import AUTHENTICATED, Clause, Rule, Rules

LISTED = {"requiresScopes": ("scopes", "scope"), "policy": ("policies", "policy")}
"""The argument of each directive, and what its names are called among what a caller holds."""


def access_rules(types: Mapping[str, Definition]) -> Rules:
    """What every field of every object demands: by itself, by its type's, and by that of what it gives."""
    of_types = {name: tuple(_clauses(definition.directives)) for name, definition in types.items()}
    fields: dict[str, dict[str, Rule]] = {}
    for name, definition in types.items():
        if definition.kind != "object":
            continue
        for field in definition.fields.values():
            rule = (*of_types[name], *_clauses(field.directives), *of_types.get(field.type.name, ()))
            if rule:
                fields.setdefault(name, {})[field.name] = tuple(dict.fromkeys(rule))
    return Rules(fields)


def _clauses(directives: Applied) -> Iterator[Clause]:
    if "authenticated" in directives:
        yield (frozenset({AUTHENTICATED}),)
    for name, (argument, prefix) in LISTED.items():
        for use in directives.get(name, ()):
            yield tuple(frozenset(f"{prefix}:{one}" for one in together) for together in use.get(argument) or ())
