"""What is asked of an object, fragments dissolved: one shape for a client's selection and for a federation field set.

Owns the dissolving of fragments into fields of each concrete type. Knows no subgraph.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_interface_type,
    is_object_type,
    print_ast,
)

TYPENAME = "__typename"


@dataclass(slots=True, eq=False)
class Deferral:
    """One `@defer` at one place of an operation; `number` counts them as they are met.

    `inlined`: its fields come with those around it, because they take no fetch of their own. The planner finds out.
    """

    label: str | None
    parent: "Deferral | None"
    number: int
    inlined: bool = False

    def settled(self) -> "Deferral | None":
        """The deferral in which its fields are delivered: itself, the next one around it, or none."""
        found: Deferral | None = self
        while found is not None and found.inlined:
            found = found.parent
        return found

    def ancestors(self) -> "Iterator[Deferral]":
        """The deferrals around it that are not inlined, from the inside."""
        above = self.parent.settled() if self.parent else None
        while above is not None:
            yield above
            above = above.parent.settled() if above.parent else None


@dataclass(slots=True, eq=False)
class Field:
    """A field asked for. `key` is the client's; `data_key` is the one in subgraph answers, set by the planner."""

    key: str
    name: str
    arguments: str
    variables: frozenset[str]
    selection: "Selection | None"
    data_key: str = ""
    given: Mapping[str, ValueNode] = dataclass_field(default_factory=dict)
    """Its arguments as they were written, by name."""
    under: "tuple[Deferral | None, ...]" = ()
    """The deferrals it stands in, once each; None where it also stands outside of any. Empty if it stands in none."""
    withheld: bool = False
    """Whether the caller may not see it: it is shown as null, and not fetched."""

    def copy_with(self, selection: "Selection") -> "Field":
        """Ask the same field for less."""
        return replace(self, selection=selection)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Fields asked of an object of static type `type_name`, by the concrete type it may turn out to have.

    Concrete types of which the same is asked share their `Field` objects.
    """

    type_name: str
    abstract: bool
    by_type: Mapping[str, Mapping[str, Field]]
    deferrals: tuple[tuple[Deferral, frozenset[str]], ...] = ()
    """Each `@defer` that stands here, with the concrete types it holds for."""
    shown: Mapping[str, tuple[Field, ...]] | None = None
    """What the answer lists, in its order, where something here or below is withheld: more than what is fetched."""

    def fields_of(self, type_name: str) -> Mapping[str, Field]:
        """Fields asked of one concrete type."""
        return self.by_type.get(type_name, _NOTHING)


_NOTHING: Mapping[str, Field] = {}


class TypeIndex:
    """Answers about a schema's types by name, without walking graphql-core's objects again."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.possible: dict[str, tuple[str, ...]] = {}
        self.abstract: set[str] = set()
        self.returns: dict[str, dict[str, str]] = {}
        for name, kind in schema.type_map.items():
            if is_object_type(kind):
                self.possible[name] = (name,)
            elif is_abstract_type(kind):
                self.abstract.add(name)
                self.possible[name] = tuple(t.name for t in schema.get_possible_types(kind))
            if is_object_type(kind) or is_interface_type(kind):
                self.returns[name] = {f: get_named_type(d.type).name for f, d in kind.fields.items()}


Deferring = Callable[[Iterable[DirectiveNode], Deferral | None], Deferral | None]
"""From the directives of a fragment and the deferral around it: the deferral of what is in it."""
_Asked = list[tuple[frozenset[str], FieldNode, Deferral | None]]


class SelectionBuilder:
    """Dissolves the fragments of one document; `included` decides on `@skip` and `@include`, `deferring` on `@defer`.

    Without `deferring`, `@defer` is overlooked.
    """

    def __init__(
        self,
        index: TypeIndex,
        fragments: Mapping[str, FragmentDefinitionNode],
        included: Callable[[Iterable[DirectiveNode]], bool],
        deferring: Deferring | None = None,
    ) -> None:
        self._index = index
        self._fragments = fragments
        self._included = included
        self._deferring = deferring

    def build(
        self,
        type_name: str,
        sets: Sequence[SelectionSetNode],
        under: Sequence[Deferral | None] | None = None,
        *,
        itself: bool = False,
    ) -> Selection:
        """Return what `sets`, merged, ask of an object of static type `type_name`.

        `under` names the deferral of each set. With `itself`, an interface is listed beside the types it may stand
        for: a subgraph may know it as an object.
        """
        possible = self._index.possible[type_name]
        if itself and type_name in self._index.returns and type_name not in possible:
            possible = (*possible, type_name)
        asked: _Asked = []
        found: list[tuple[Deferral, frozenset[str]]] = []
        for number, selection_set in enumerate(sets):
            deferral = under[number] if under else None
            self._collect(selection_set.selections, frozenset(possible), deferral, asked, found)
        shared: dict[tuple[object, ...], Field] = {}
        by_type = {concrete: self._fields(concrete, asked, shared) for concrete in possible}
        return Selection(type_name, type_name in self._index.abstract, by_type, tuple(found))

    def _collect(
        self,
        selections: Iterable[SelectionNode],
        types: frozenset[str],
        deferral: Deferral | None,
        asked: _Asked,
        found: list[tuple[Deferral, frozenset[str]]],
    ) -> None:
        for node in selections:
            if not self._included(node.directives or ()):
                continue
            if isinstance(node, FieldNode):
                asked.append((types, node, deferral))
                continue
            fragment = fragment_of(node, self._fragments)
            condition = fragment.type_condition
            narrowed = types & frozenset(self._index.possible[condition.name.value]) if condition else types
            if not narrowed:
                continue
            inner = deferral
            if self._deferring is not None and node.directives:
                inner = self._deferring(node.directives, deferral)
                if inner is not None and inner is not deferral:
                    found.append((inner, narrowed))
            self._collect(fragment.selection_set.selections, narrowed, inner, asked, found)

    def _fields(self, concrete: str, asked: _Asked, shared: dict[tuple[object, ...], Field]) -> dict[str, Field]:
        occurrences: dict[str, list[tuple[FieldNode, Deferral | None]]] = {}
        for types, node, deferral in asked:
            if concrete in types:
                key = node.alias.value if node.alias else node.name.value
                occurrences.setdefault(key, []).append((node, deferral))
        fields = {}
        for key, nodes in occurrences.items():
            returns = self._index.returns[concrete].get(nodes[0][0].name.value, "")
            identity = (key, returns, *[(id(node), deferral) for node, deferral in nodes])
            if identity not in shared:
                shared[identity] = self._field(key, nodes, returns)
            fields[key] = shared[identity]
        return fields

    def _field(self, key: str, nodes: Sequence[tuple[FieldNode, Deferral | None]], returns: str) -> Field:
        node = nodes[0][0]
        sets = [(n.selection_set, deferral) for n, deferral in nodes if n.selection_set]
        under = tuple(dict.fromkeys(deferral for _, deferral in nodes))
        # Introspection below the root of a query is the gateway's own business and is not dissolved.
        selection = None
        if sets and returns in self._index.possible:
            selection = self.build(returns, [s for s, _ in sets], [deferral for _, deferral in sets])
        arguments = sorted(node.arguments or (), key=lambda argument: argument.name.value)
        text = f"({', '.join(print_ast(a) for a in arguments)})" if arguments else ""
        variables = frozenset(name for a in arguments for name in variables_in(a))
        given = {argument.name.value: argument.value for argument in arguments}
        within = () if under == (None,) else under
        return Field(key, node.name.value, text, variables, selection, given=given, under=within)


def fragment_of(
    node: SelectionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> InlineFragmentNode | FragmentDefinitionNode:
    """The fragment that a selection which is no field stands for."""
    if isinstance(node, FragmentSpreadNode):
        return fragments[node.name.value]
    assert isinstance(node, InlineFragmentNode)
    return node


def variables_in(node: Node) -> Iterable[str]:
    """Names of the variables used anywhere in an AST node."""
    if isinstance(node, VariableNode):
        yield node.name.value
        return
    for child_key in node.keys:
        child = getattr(node, child_key, None)
        if isinstance(child, Node):
            yield from variables_in(child)
        elif isinstance(child, (list, tuple)):
            for item in child:
                if isinstance(item, Node):
                    yield from variables_in(item)
