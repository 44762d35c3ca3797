"""Contracts: a graph's part for one partner, cut out by `@tag`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.composer.declared import Applied, Definition
from gateway.supergraph import ROOTS

HIDDEN = "inaccessible"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a partner sees: with `include`, only what has one of these tags; never what has one of `exclude`."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()


def narrow(types: Mapping[str, Definition], contract: Contract) -> None:
    """Make everything outside of the contract `@inaccessible`, in place.

    A tag on a type holds for its fields. A type of which nothing is left is hidden, and so is every field and argument
    that would name a hidden type. A required argument is never hidden.
    """
    for definition in types.values():
        own = _tags(definition.directives)
        if own & contract.exclude:
            _hide(definition.directives)
        for field in definition.fields.values():
            tags = own | _tags(field.directives)
            listed = not contract.include or tags & contract.include or definition.kind == "enum"
            if tags & contract.exclude or not listed:
                _hide(field.directives)
            for argument in field.arguments.values():
                if _tags(argument.directives) & contract.exclude and not argument.type.non_null:
                    _hide(argument.directives)
        for value in definition.values.values():
            if _tags(value.directives) & contract.exclude and not value.type.non_null:
                _hide(value.directives)
    while _spread(types):
        pass


def _spread(types: Mapping[str, Definition]) -> bool:
    """Hide what nothing is left of and what names what is hidden; says whether anything changed."""
    hidden = {name for name, definition in types.items() if HIDDEN in definition.directives}
    changed = False
    for name, definition in types.items():
        if name in hidden:
            continue
        if not any(_left(definition, hidden)) and definition.kind != "scalar" and name not in ROOTS[:1]:
            _hide(definition.directives)
            changed = True
            continue
        for field in definition.fields.values():
            if HIDDEN in field.directives or definition.kind == "enum":
                continue
            required = any(a.type.name in hidden and a.type.non_null for a in field.arguments.values())
            if field.type.name in hidden or required:
                _hide(field.directives)
                changed = True
            for argument in field.arguments.values():
                if argument.type.name in hidden and HIDDEN not in argument.directives and not required:
                    _hide(argument.directives)
                    changed = True
        for value in definition.values.values():
            if value.type.name in hidden and HIDDEN not in value.directives:
                _hide(value.directives)
                changed = True
    return changed


def _left(definition: Definition, hidden: set[str]) -> Iterator[bool]:
    for field in definition.fields.values():
        yield HIDDEN not in field.directives
    for value in definition.values.values():
        yield HIDDEN not in value.directives
    for member in definition.members:
        yield member not in hidden


def _tags(directives: Applied) -> set[str]:
    return {str(use.get("name")) for use in directives.get("tag", ())}


def _hide(directives: Applied) -> None:
    directives.setdefault(HIDDEN, [{}])
