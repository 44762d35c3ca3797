"""Writes the shape of good answers as Python source: one function an object, no call for a plain field.

    def object_3(value):
        field_0 = value['id']
        if type(field_0) is not str and type(field_0) is not int: raise Misfit
        field_1 = value['reviews']
        if field_1 is not None: field_1 = [None if item is None else object_4(item) for item in field_1]
        return {'id': field_0, 'reviews': field_1}

Whatever does not fit raises one of `MISFITS`. Only names of GraphQL, which are letters, digits and underscores, become
part of the source, and those quoted; everything else is handed over as a constant.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.shaper.slots import Items, Leaf, Member, Raw, Shaped, Slot
from gateway.supergraph.selection import TYPENAME


class Misfit(Exception):
    """A value that is not what the schema promises."""


MISFITS = (Misfit, KeyError, TypeError)
"""A key that is not there, and a value that is no object, show themselves by Python's own exceptions."""
Shape = Callable[[Any], Any]
_ITEM = "item"


def compile_shape(root: Shaped) -> Shape:
    """Return the function that shapes good answers."""
    writer = _Writer()
    name = writer.object(root)
    scope = writer.constants
    exec(compile("\n".join(writer.lines), "<shape>", "exec"), scope)
    for table, by_type in writer.dispatches.items():
        scope[table].update({type_name: scope[function] for type_name, function in by_type.items()})
    shape: Shape = scope[name]
    return shape


class _Writer:
    """Collects the functions of one operation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {"Misfit": Misfit}
        self.dispatches: dict[str, Mapping[str, str]] = {}
        self._objects: dict[int, str] = {}
        self._functions: dict[tuple[int, ...], str] = {}
        self._enums: dict[frozenset[str], str] = {}
        self._defined: dict[str, str] = {}

    def object(self, shaped: Shaped) -> str:
        """Name of the function for an object, written before if it is new."""
        known = self._objects.get(id(shaped))
        if known is not None:
            return known
        if shaped.only is not None:
            name = self._function(shaped.members.get(shaped.only, ()))
        else:
            name = self._dispatch(shaped)
        self._objects[id(shaped)] = name
        return name

    def _dispatch(self, shaped: Shaped) -> str:
        by_type = {type_name: self._function(members) for type_name, members in shaped.members.items()}
        table = self._constant({}, "types")
        self.dispatches[table] = by_type
        return self._define("any", [f"return {table}[value[{TYPENAME!r}]](value)"])

    def _function(self, members: tuple[Member, ...]) -> str:
        identity = tuple(id(member) for member in members)
        if identity in self._functions:
            return self._functions[identity]
        body, shown = [], []
        if all(member.data_key == TYPENAME for member in members):
            body.append("if type(value) is not dict: raise Misfit")
        for number, member in enumerate(members):
            if member.data_key == TYPENAME:
                shown.append(f"{member.key!r}: {member.coordinate!r}")
                continue
            variable = f"field_{number}"
            body.append(f"{variable} = value[{member.data_key!r}]")
            body += self._fill(member.slot, variable)
            shown.append(f"{member.key!r}: {variable}")
        name = self._functions[identity] = self._define("object", [*body, f"return {{{', '.join(shown)}}}"])
        return name

    def _define(self, kind: str, body: list[str]) -> str:
        """Write a function of `value`, and return its name; one with the same body is there already."""
        text = "\n".join([f"    {line}" for line in body])
        if text not in self._defined:
            name = self._defined[text] = f"{kind}_{len(self._defined)}"
            self.lines += [f"def {name}(value):", text]
        return self._defined[text]

    def _fill(self, slot: Slot, variable: str) -> Iterator[str]:
        """Lines that check a value, and replace it where its shape is not its own."""
        kind = slot.kind
        if isinstance(kind, Raw):
            return
        if isinstance(kind, Leaf):
            unfit = self._unfit(kind, slot.non_null, variable)
            if unfit:
                yield f"if {unfit}: raise Misfit"
            return
        guard = "" if slot.non_null else f"if {variable} is not None: "
        if isinstance(kind, Items):
            yield f"{guard}{variable} = {self._list(kind, variable)}"
        else:
            yield f"{guard}{variable} = {self.object(kind)}({variable})"

    def _list(self, items: Items, variable: str) -> str:
        """An expression for a list that is not null."""
        listed = f"({variable} if type({variable}) is list else misfit())"
        self.constants.setdefault("misfit", _raise)
        kind = items.of.kind
        if isinstance(kind, Shaped):
            inner = f"{self.object(kind)}({_ITEM})"
        elif isinstance(kind, Raw):
            return listed
        else:
            inner = f"{self._item(items.of)}({_ITEM})"
        if not items.of.non_null:
            inner = f"None if {_ITEM} is None else {inner}"
        return f"[{inner} for {_ITEM} in {listed}]"

    def _item(self, slot: Slot) -> str:
        """A function for items that are lists or leaves themselves."""
        return self._define("item", [*self._fill(slot, "value"), "return value"])

    def _unfit(self, leaf: Leaf, non_null: bool, variable: str) -> str:
        """A condition that is true of values that do not fit."""
        if leaf.values is not None:
            if leaf.values not in self._enums:
                self._enums[leaf.values] = self._constant(leaf.values, "values")
            unfit = [f"{variable} not in {self._enums[leaf.values]}"]
        else:
            unfit = [f"type({variable}) is not {kind.__name__}" for kind in leaf.types]
        if not unfit:
            return f"{variable} is None" if non_null else ""
        return " and ".join(unfit if non_null else [*unfit, f"{variable} is not None"])

    def _constant(self, value: Any, name: str) -> str:
        name = f"{name}_{len(self.constants)}"
        self.constants[name] = value
        return name


def _raise() -> Any:
    raise Misfit
