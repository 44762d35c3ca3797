"""The text of a compiled operation: a function a selection, a function a list, a function a root field.

    def products_nodes_price(lane, o, at):     # the object `o` at position `at` becomes the dict `d`
        d = {}
        try: a = o.tax_rate; b = o.channel
        except Exception: a, b = attributes(o, 'tax_rate', 'channel')
        d['taxRate'] = ...

A value that has the class its type usually has is taken as it is; anything else goes to `completion.field`. Names that
begin with P are places (`place.Place`), R resolvers, L converters of leaf values, C constant arguments, T classes, K
the selections of an abstract type by the class of the object, filled as they are met.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from keyword import iskeyword
from typing import Any

from graphql import GraphQLError

from kit.graphql.execution import completion, leaf
from kit.graphql.execution.arguments import constant_values
from kit.graphql.execution.info import FieldInfo
from kit.graphql.execution.place import Kind, Place
from kit.graphql.execution.resolver import Way, expected_class

RUNTIME: Mapping[str, Any] = {
    "attributes": completion.attributes,
    "reader": completion.reader,
    "field": completion.field,
    "settle": completion.settle,
    "STRINGS": leaf.STRINGS,
    "BOOLEANS": leaf.BOOLEANS,
    "GraphQLError": GraphQLError,
    "FieldInfo": FieldInfo,
}
"""What every generated module may call."""
MAX_NAME = 60
"""Characters of a generated name: it follows the path, and paths are as long as clients like."""
LITERALS = (str, int, bool, type(None))


class Source:
    """Writes functions; `names` is the namespace they run in, `needed` the functions the written ones call."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.lines: list[str] = []
        self.needed: list[tuple[str, Place]] = []
        self._current = ""

    def take(self) -> str:
        """What was written since, and a clean page."""
        text = "\n".join(self.lines) + "\n"
        self.lines = []
        return text

    def name(self, path: str, prefix: str = "at") -> str:
        """A free name of the namespace, after the response keys that lead to it; its prefix keeps it off all others."""
        base = f"{prefix}_{path[-MAX_NAME:].lstrip('_')}"
        name, count = base, 1
        while name in self.names:
            count += 1
            name = f"{base}_{count}"
        self.names[name] = None
        return name

    def selection(self, name: str, places: Mapping[str, Place], title: str) -> None:
        """The function of a selection: (lane, o, at) to a dict."""
        self._current = name.removeprefix("at_")
        self.lines += ["", f"def {name}(lane, o, at):  # {title}", "    d = {}"]
        if any(place.resolver.way is Way.KEY for place in places.values()):
            self.lines.append("    get = o.get if type(o) is dict else reader(o)")
        for together, group in groupby(places.values(), _is_plain_leaf):
            if together:
                self._plain_leaves(list(group))
            else:
                for place in group:
                    self._field(place)
        self.lines.append("    return d")

    def root_field(self, name: str, place: Place) -> None:
        """The function of a root field: (lane, o, d), into the answer's own dict."""
        self._current = ""
        self.lines += ["", f"def {name}(lane, o, d):  # {_title(place)}", "    at = None"]
        if place.resolver.way is Way.KEY:
            self.lines.append("    get = o.get if type(o) is dict else reader(o)")
        self._field(place)

    def list_items(self, name: str, place: Place) -> None:
        """The function of a list: (lane, values, at) to a list."""
        item = place.item
        assert item is not None  # `place` is a list
        self._current = name.removeprefix("at_")
        number = self._bind("P", item)
        self.lines += ["", f"def {name}(lane, v, at):  # {place.type}", "    out = []", "    i = -1", "    try:"]
        self.lines.append("        for i, x in enumerate(v):")
        self.lines += [f"            {line}" for line in self._item(item, number)]
        self.lines += ["    except Exception:", "        lane.drop(v[i + 1:])", "        raise", "    return out"]

    def _item(self, item: Place, number: str) -> Iterator[str]:
        check, call = self._expected(item, "x")
        if check is None:
            yield f"out.append(settle(lane, {number}, (at, out, i, {number}), x))"
            return
        yield f"here = (at, out, i, {number})"
        if item.non_null:
            yield f"out.append({call} if {check} else settle(lane, {number}, here, x))"
            return
        yield f"try: out.append({call} if {check} else settle(lane, {number}, here, x))"
        yield f"except GraphQLError as e: out.append(lane.fail({number}, here, e))"

    def _plain_leaves(self, places: list[Place]) -> None:
        letters = [f"v{index}" for index in range(len(places))]
        attributes = [
            (letter, place)
            for letter, place in zip(letters, places, strict=True)
            if place.resolver.way is Way.ATTRIBUTE
        ]
        if attributes:
            reads = "; ".join(f"{letter} = o.{place.resolver.attribute}" for letter, place in attributes)
            names = ", ".join(repr(place.resolver.attribute) for _, place in attributes)
            targets = ", ".join(letter for letter, _ in attributes) + ("," if len(attributes) == 1 else "")
            self.lines += [f"    try: {reads}", f"    except Exception: {targets} = attributes(o, {names})"]
        for letter, place in zip(letters, places, strict=True):
            way = place.resolver.way
            if way is Way.TYPENAME:
                self.lines.append(f"    d[{place.key!r}] = {place.parent_type.name!r}")
                continue
            if way is Way.KEY:
                self.lines.append(f"    {letter} = get({place.resolver.attribute!r})")
            self._leaf(place, letter)

    def _field(self, place: Place) -> None:
        way = place.resolver.way
        number = self._bind("P", place)
        if way is Way.TYPENAME:
            self.lines.append(f"    d[{place.key!r}] = {place.parent_type.name!r}")
            return
        if way is Way.BATCH:
            self._expected(place, "v")  # what completes the answers is written, too
            self.lines.append(f"    d[{place.key!r}] = None  # {_title(place)}, in one call for all")
            self.lines.append(f"    lane.batch({number}, o, (at, d, {place.key!r}, {number}))")
            return
        if way is Way.KEY:
            self.lines.append(f"    v = get({place.resolver.attribute!r})")
        else:
            self.lines += [f"    try: v = {self._read(place, number)}", "    except Exception as e: v = e"]
        if place.resolver.is_async:
            self._expected(place, "v")
            self.lines.append(f"    d[{place.key!r}] = field(lane, {number}, d, at, v)  # {_title(place)}, awaited")
        elif place.kind is Kind.LEAF:
            self._leaf(place, "v")
        else:
            self._composite(place, number)

    def _composite(self, place: Place, number: str) -> None:
        check, call = self._expected(place, "v")
        key = f"d[{place.key!r}]"
        other = f"field(lane, {number}, d, at, v)"
        if check is None:
            self.lines.append(f"    {key} = {other}  # {_title(place)}")
            return
        self.lines.append(f"    if {check}:  # {_title(place)}")
        if "here" in call:
            self.lines.append(f"        here = (at, d, {place.key!r}, {number})")
        if place.non_null or "here" not in call:
            self.lines.append(f"        {key} = {call}")
        else:
            self.lines += [f"        try: {key} = {call}"]
            self.lines += [f"        except GraphQLError as e: {key} = lane.fail({number}, here, e)"]
        self.lines.append(f"    else: {key} = {other}")

    def _expected(self, place: Place, v: str) -> tuple[str | None, str]:
        """The check of what a value usually is, and the call that completes such a value."""
        if place.kind is Kind.LIST:
            assert place.item is not None  # as every list has
            if place.item.kind is Kind.LEAF:
                classes = leaf.list_check_of(place.item.type)
                check = None if classes is None else f"type({v}) is list and {classes}.issuperset(map(type, {v}))"
                return check, f"{v}[:]"
            return f"type({v}) is list", f"{self._needed_function(place)}(lane, {v}, here)"
        if place.kind is Kind.OBJECT:
            class_ = expected_class(place.type)
            if class_ is None:
                return None, ""
            return f"type({v}) is {self._class(class_)}", f"{self._needed_function(place)}(lane, {v}, here)"
        if place.kind is Kind.ABSTRACT:
            classes = self._bind("K", place.by_class, place.label)
            return f"(select := {classes}.get(type({v}))) is not None", f"select(lane, {v}, here)"
        return None, ""

    def _leaf(self, place: Place, v: str) -> None:
        number = self._bind("P", place)
        other = f"field(lane, {number}, d, at, {v})"
        check = leaf.check_of(place.type)
        if check is not None:
            check = check.format(v=v)
            whole = check if place.non_null else f"{v} is None or {check}"
            self.lines.append(f"    d[{place.key!r}] = {v} if {whole} else {other}  # {_title(place)}")
            return
        converter = f"L_{place.type.name}"
        if converter not in self.names:
            self.names[converter] = leaf.converter_of(place.type)
        null = "" if place.non_null else f"None if {v} is None else "
        converted = f"{null}w if (w := {converter}({v})) is not None else {other}"
        self.lines.append(f"    d[{place.key!r}] = {converted}  # {_title(place)}")

    def _read(self, place: Place, number: str) -> str:
        resolver = place.resolver
        if resolver.way is Way.ATTRIBUTE:
            return f"o.{resolver.attribute}"
        function = self._bind("R", resolver.function, f"{place.label}_{place.parent_type.name}_{place.name}")
        if resolver.way is Way.RESOLVE:
            given = ["o", f"lane.info({number}, at)", *self._arguments(place, number)]
            return f"{function}({', '.join(given)})"
        given = ["o"] if resolver.takes_self else []
        given += [f"{name}=o" for name in resolver.source_parameters]
        if resolver.info_parameter is not None:
            given.append(f"{resolver.info_parameter}=FieldInfo(lane, {number}, (at, d, {place.key!r}, {number}))")
        return f"{function}({', '.join([*given, *self._arguments(place, number)])})"

    def _arguments(self, place: Place, number: str) -> list[str]:
        values = constant_values(place)
        if values is None:
            return [f"**lane.arguments({number})"]
        if not all(name.isidentifier() and not iskeyword(name) for name in values):
            return [f"**{self._bind('C', values, number[1:])}"]
        return [f"{name}={self._constant(value, f'{number[1:]}_{name}')}" for name, value in values.items()]

    def _constant(self, value: Any, suffix: str) -> str:
        return repr(value) if type(value) in LITERALS else self._bind("C", value, suffix)

    def _bind(self, letter: str, value: Any, suffix: object = None) -> str:
        name = f"{letter}{value.label if suffix is None else suffix}"
        self.names[name] = value
        return name

    def _class(self, class_: type) -> str:
        if class_ is dict:
            return "dict"
        name = f"T_{class_.__name__}"
        while self.names.setdefault(name, class_) is not class_:
            name += "_"
        return name

    def _needed_function(self, place: Place) -> str:
        """The name of the function that completes such a value; it is written later."""
        last = "item" if place.key is None else place.key
        name = self.name(f"{self._current}_{last}" if self._current else last)
        self.needed.append((name, place))
        return name


def _is_plain_leaf(place: Place) -> bool:
    if place.resolver.way is Way.TYPENAME:
        return True
    return place.kind is Kind.LEAF and place.resolver.way in (Way.ATTRIBUTE, Way.KEY)


def _title(place: Place) -> str:
    return f"{place.parent_type.name}.{place.name}: {place.return_type}"
