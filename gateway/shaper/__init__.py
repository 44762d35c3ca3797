"""Shapes the answer tree into the client's response: its keys in its order, typed as the public schema says.

The careful walk (`careful`) does it with paths, puts null where it must, and an error where none explains it. An
operation that comes again is compiled into Python source (`source`), which is several times as fast, knows only good
answers and raises at the first value that does not fit; then the careful walk takes over.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema

from gateway.shaper.careful import CarefulWalk, Path
from gateway.shaper.slots import Shaped, SlotReader
from gateway.shaper.source import MISFITS, Shape, compile_shape
from gateway.supergraph.selection import Selection


class Shaper:
    """Shapes the answers of one operation, or one part of them.

    What `withholds` something from its caller tells so of every object, hence walks with care each time.
    """

    def __init__(self, schema: GraphQLSchema, selection: Selection, *, withholds: bool = False) -> None:
        self._withholds = withholds
        only = None if selection.abstract else selection.type_name
        self._root = Shaped(only, SlotReader(schema).members(selection))
        self._fast: Shape | None = None
        self._used = False

    def shape(self, data: Mapping[str, Any], errors: list[dict[str, Any]], path: Path = ()) -> dict[str, Any] | None:
        """Return the response's data, or what stands at `path` in it. Adds to `errors` what none there explains."""
        if self._fast is None:
            if not self._used or self._withholds:
                self._used = True  # compiling takes a millisecond, which an operation asked once never earns back
                return CarefulWalk(errors).root(self._root, data, path)
            self._fast = compile_shape(self._root)
        try:
            shaped: dict[str, Any] | None = self._fast(data)
        except MISFITS:
            shaped = CarefulWalk(errors).root(self._root, data, path)
        return shaped
