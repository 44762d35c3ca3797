"""What entity fetches ask and tell, taken from their documents so that several can be said as one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graphql import FieldNode, InlineFragmentNode, Node, OperationDefinitionNode, SelectionSetNode, parse

from gateway.plan import Fetch, Part, Representation, Step
from gateway.supergraph import Subgraph, TypeRef
from gateway.supergraph.selection import TYPENAME

Place = tuple[tuple[Step, ...], str]
Fields = Mapping[str, tuple[str, str]]
"""By text: the response key, and what stands before the selection."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`asked` by type; `shapes` has the type at each response path; `told` by place of the objects."""

    asked: Mapping[str, Fields]
    variables: Mapping[str, str]
    shapes: Mapping[tuple[str, ...], str]
    told: Mapping[Place, tuple[Part, ...]]


class Reader:
    """Reads the fetches of one plan. Many say the same under another name and are parsed once."""

    def __init__(self, subgraphs: Mapping[str, Subgraph]) -> None:
        self._subgraphs = subgraphs
        self._known: dict[tuple[str, str], Wording | None] = {}

    def read(self, fetch: Fetch) -> Wording | None:
        """What an entity fetch says, or None if it is another fetch or says it in a way that is not known here."""
        if not fetch.representations or fetch.kind != "query" or fetch.contexts:
            return None
        told = {(told.path, told.type_name): told.parts for told in fetch.representations}
        document = fetch.document.replace(fetch.operation_name or "", "", 1)
        if (fetch.service, document) not in self._known:
            self._known[fetch.service, document] = _read(document, self._subgraphs[fetch.service])
        wording = self._known[fetch.service, document]
        return replace(wording, told=told) if wording and len(told) == len(fetch.representations) else None


def _read(document: str, subgraph: Subgraph) -> Wording | None:
    [operation] = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    [entities] = operation.selection_set.selections
    if not isinstance(entities, FieldNode) or entities.selection_set is None:
        return None
    asked: dict[str, Fields] = {}
    shapes: dict[tuple[str, ...], str] = {}
    for part in entities.selection_set.selections:
        if not isinstance(part, InlineFragmentNode) or part.type_condition is None or part.directives:
            return None
        type_name = part.type_condition.name.value
        if not all(isinstance(node, FieldNode) for node in part.selection_set.selections) or type_name in asked:
            return None
        asked[type_name] = dict(_fields(document, part.selection_set))
        for path, shape in _shapes(subgraph, type_name, part.selection_set, ()):
            if shapes.setdefault(path, shape) != shape:
                return None
    variables = {d.variable.name.value: _text(document, d) for d in operation.variable_definitions or ()}
    return Wording(asked, variables, shapes, {})


def same_objects(one: Wording, other: Wording) -> bool:
    """Whether two fetches are about the same objects of each type they have in common, so that one may ask for both."""
    if not one.told.keys() & other.told.keys() or not _agree(one, other):
        return False
    for type_name in one.asked.keys() & other.asked.keys():
        if {p for p in one.told if p[1] == type_name} != {p for p in other.told if p[1] == type_name}:
            return False
        heads = dict(one.asked[type_name].values())
        if any(heads.get(key, head) != head for key, head in other.asked[type_name].values()):
            return False
    return True


def same_question(one: Wording, other: Wording) -> bool:
    """Whether two fetches ask the same of each type they have in common."""
    return _agree(one, other) and all(
        one.asked[type_name].keys() == other.asked[type_name].keys() for type_name in one.asked.keys() & other.asked
    )


def _agree(one: Wording, other: Wording) -> bool:
    """Whether no response path has two types, and nothing is told of one object in two ways."""
    if any(one.shapes[path] != other.shapes[path] for path in one.shapes.keys() & other.shapes.keys()):
        return False
    for place in one.told.keys() & other.told.keys():
        known = {part.name: part for part in one.told[place]}
        if any(known.get(part.name, part) != part for part in other.told[place]):
            return False
    return True


def united(one: Wording, other: Wording) -> Wording:
    """Both together; they must fit."""
    types = dict.fromkeys((*one.asked, *other.asked))
    places = dict.fromkeys((*one.told, *other.told))
    return Wording(
        {name: {**one.asked.get(name, {}), **other.asked.get(name, {})} for name in types},
        {**one.variables, **other.variables},
        {**one.shapes, **other.shapes},
        {place: _parts(one.told.get(place, ()), other.told.get(place, ())) for place in places},
    )


def _parts(some: Sequence[Part], others: Sequence[Part]) -> tuple[Part, ...]:
    known = {part.name for part in some}
    return (*some, *[part for part in others if part.name not in known])


def write(fetch: Fetch, members: Sequence[Fetch], wording: Wording) -> Fetch:
    """The fetch that says `wording`, under the id and the name of its first member."""
    fragments = [f"... on {name} {{{' '.join(fields)}}}" for name, fields in wording.asked.items()]
    variable = fetch.representations_variable
    entities = f"_entities(representations: ${variable}) {{{' '.join(fragments)}}}"
    head = f"query {fetch.operation_name or ''}({', '.join(wording.variables.values())})"
    return replace(
        fetch,
        document=f"{head} {{{entities}}}",
        variables=tuple(dict.fromkeys(name for member in members for name in member.variables)),
        representations=tuple(Representation(path, name, parts) for (path, name), parts in wording.told.items()),
    )


def _fields(document: str, asked: SelectionSetNode) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in asked.selections:
        assert isinstance(node, FieldNode)
        text = _text(document, node)
        below = len(_text(document, node.selection_set)) if node.selection_set else 0
        yield text, (_key(node), text[: len(text) - below])


def _shapes(
    subgraph: Subgraph, type_name: str, asked: SelectionSetNode, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for node in asked.selections:
        if isinstance(node, InlineFragmentNode):
            inner = node.type_condition.name.value if node.type_condition else type_name
            yield from _shapes(subgraph, inner, node.selection_set, path)
        elif isinstance(node, FieldNode):
            name, at = node.name.value, (*path, _key(node))
            declared = subgraph.field(type_name, name)
            if declared is None:
                yield at, name if name == TYPENAME else f"{type_name}.{name}"
                continue
            yield at, _shape(declared.type, composite=node.selection_set is not None)
            if node.selection_set is not None:
                yield from _shapes(subgraph, _named(declared.type), node.selection_set, at)


def _shape(ref: TypeRef, composite: bool) -> str:
    inner = f"[{_shape(ref.of, composite)}]" if ref.of else "{}" if composite else ref.name
    return f"{inner}!" if ref.non_null else inner


def _named(ref: TypeRef) -> str:
    return _named(ref.of) if ref.of else ref.name


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _text(document: str, node: Node) -> str:
    assert node.loc is not None
    return document[node.loc.start : node.loc.end]
