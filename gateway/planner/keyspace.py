"""Which key each field has in subgraph answers.

Answers of several subgraphs flow together into one tree, and one subgraph document may ask different concrete types
under the same key. So a key is given away once a place: to one field with one set of arguments, and over several
concrete types only if every subgraph agrees on its type. The client's fields choose first; fields which only keys and
`@requires` need reuse theirs or take an alias.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.plan import Visible
from gateway.supergraph import Supergraph
from gateway.supergraph.selection import TYPENAME, Field, Selection

Signature = tuple[str, str]


@dataclass(slots=True)
class _Given:
    """Who holds a key: a field by concrete type, and its type by subgraph."""

    signatures: dict[str, Signature] = field(default_factory=dict)
    shapes: dict[str, str] = field(default_factory=dict)
    client_key: str | None = None


class KeySpace:
    """Keys of the objects at one place in the answer; `below` are the places one key further down."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._supergraph = supergraph
        self._siblings = supergraph.siblings
        self._given: dict[str, _Given] = {}
        self.below: dict[str, KeySpace] = {}

    def claim(self, selection: Selection) -> None:
        """Give every field of a client's selection its key, all the way down."""
        holders: dict[int, tuple[Field, list[str]]] = {}
        for type_name, fields in selection.by_type.items():
            for asked in fields.values():
                holders.setdefault(id(asked), (asked, []))[1].append(type_name)
        for asked, types in holders.values():
            asked.data_key = self._give(asked, types, asked.key)
            if asked.selection is not None:
                self.at(asked.data_key).claim(asked.selection)

    def instantiate(self, type_name: str, fields: Iterable[Field]) -> list[Field]:
        """Copy fields of a field set and give the copies keys at this place."""
        return [self._instance([type_name], asked) for asked in fields]

    def at(self, data_key: str) -> "KeySpace":
        """The place below a key."""
        if data_key not in self.below:
            self.below[data_key] = KeySpace(self._supergraph)
        return self.below[data_key]

    def visible(self) -> Mapping[str, Visible]:
        """The client's names for the keys given here."""
        return {
            key: Visible(given.client_key, self.below[key].visible() if key in self.below else {})
            for key, given in self._given.items()
        }

    def _instance(self, types: list[str], asked: Field) -> Field:
        copy = Field(asked.key, asked.name, asked.arguments, asked.variables, None)
        copy.data_key = self._give(copy, types, None)
        if asked.selection is not None:
            place = self.at(copy.data_key)
            below = asked.selection
            by_type = {
                concrete: {key: place._instance([concrete], inner) for key, inner in fields.items()}
                for concrete, fields in below.by_type.items()
            }
            copy.selection = Selection(below.type_name, below.abstract, by_type)
        return copy

    def _give(self, asked: Field, types: list[str], client_key: str | None) -> str:
        if asked.name == TYPENAME:
            return TYPENAME
        signature = (asked.name, asked.arguments)
        if client_key is None:
            for key, given in self._given.items():
                if all(given.signatures.get(t) == signature for t in types):
                    return key
        shapes = self._shapes(types, asked.name)
        wanted = client_key or asked.name
        key, number = wanted, 0
        while not self._free(key, types, signature, shapes, client_key):
            number += 1
            key = f"_{number}_{wanted.lstrip('_')}"
        given = self._given.setdefault(key, _Given())
        given.signatures |= dict.fromkeys(types, signature)
        for name, together in self._siblings.items():
            if name in together and all(given.signatures.get(t) == signature for t in together if t != name):
                given.signatures[name] = signature
        given.shapes |= shapes
        given.client_key = given.client_key or client_key
        return key

    def _free(
        self, key: str, types: list[str], signature: Signature, shapes: dict[str, str], client_key: str | None
    ) -> bool:
        if key == TYPENAME:
            return False
        given = self._given.get(key)
        if given is None:
            return True
        if given.client_key != client_key:
            return False
        agree = all(given.shapes.get(service, shape) == shape for service, shape in shapes.items())
        # Types behind one interface object are asked for in one selection there.
        holders = {t for name in types for t in self._siblings.get(name, (name,))}
        return agree and all(given.signatures.get(t, signature) == signature for t in holders)

    def _shapes(self, types: list[str], name: str) -> dict[str, str]:
        """The field's type as each subgraph prints it; a subgraph in which types disagree gets one that fits none."""
        shapes: dict[str, str] = {}
        for service, subgraph in self._supergraph.subgraphs.items():
            printed = {str(d.type) for t in types if (d := subgraph.field(t, name)) is not None}
            if printed:
                shapes[service] = printed.pop() if len(printed) == 1 else " | ".join(sorted(printed))
        return shapes
