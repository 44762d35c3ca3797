"""The composed graph as data: the public schema, and what each subgraph declares of it.

Owns what the composer hands to request, planner and shaper. Refuses to read SDL and to know a way to a subgraph.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Literal

from graphql import GraphQLDeferDirective, GraphQLSchema

from gateway.supergraph.access import Rules
from gateway.supergraph.labels import Labels
from gateway.supergraph.selection import Selection, TypeIndex

if TYPE_CHECKING:
    from gateway.composer.contract import Contract

Kind = Literal["scalar", "object", "interface", "union", "enum", "input"]
Provided = tuple[Selection, ...]
ROOTS = ("Query", "Mutation", "Subscription")


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type as written: a name, or a list of another, either of them non-null."""

    name: str
    of: "TypeRef | None" = None
    non_null: bool = False

    def __str__(self) -> str:
        inner = f"[{self.of}]" if self.of else self.name
        return f"{inner}!" if self.non_null else inner


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A `@key` of an entity in one subgraph."""

    text: str
    selection: Selection
    resolvable: bool


@dataclass(frozen=True, slots=True, eq=False)
class ContextArgument:
    """An argument that the gateway sets: `selections` has what it is, of the nearest object above of such a type."""

    name: str
    type: TypeRef
    selections: Mapping[str, Selection]


@dataclass(frozen=True, slots=True, eq=False)
class SubgraphField:
    """A field of an object or interface as one subgraph declares it.

    `external` is true if the subgraph cannot resolve it by itself, whatever its `@external` says. `contextual` are the
    arguments that clients do not see.
    """

    name: str
    type: TypeRef
    external: bool
    requires: Selection | None
    provides: Selection | None
    contextual: tuple[ContextArgument, ...] = ()

    @property
    def apart(self) -> bool:
        """Whether it takes a fetch of its own, after others have told what it needs."""
        return self.requires is not None or bool(self.contextual)


@dataclass(frozen=True, slots=True, eq=False)
class SubgraphType:
    """A composite type as one subgraph declares it."""

    name: str
    kind: Kind
    fields: Mapping[str, SubgraphField]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Subgraph:
    """One subgraph's composite types; `possible` lists the object types a composite name may stand for there.

    `opaque` are its interface objects: it gives objects of such a type without knowing what they are. The types they
    may be are in `types` all the same, and `behind` has the name under which the subgraph knows each.
    """

    name: str
    types: Mapping[str, SubgraphType]
    possible: Mapping[str, tuple[str, ...]]
    behind: Mapping[str, str] = dataclass_field(default_factory=dict)
    opaque: frozenset[str] = frozenset()

    def local(self, type_name: str) -> str:
        """What the subgraph itself calls a type."""
        return self.behind.get(type_name, type_name)

    def field(self, type_name: str, name: str) -> SubgraphField | None:
        """The subgraph's declaration of a field, or None if it knows none."""
        declared = self.types.get(type_name)
        return declared.fields.get(name) if declared else None

    def resolves(self, type_name: str, name: str, provided: Provided = ()) -> bool:
        """Whether the subgraph gives this field of an object it has at hand, `@requires` aside."""
        declared = self.field(type_name, name)
        if declared is None:
            return False
        return not declared.external or any(name in p.fields_of(type_name) for p in provided)

    def provided_below(self, type_name: str, name: str, provided: Provided) -> Provided:
        """What `@provides` adds below a field: the field's own, and what was provided from further up."""
        declared = self.types[type_name].fields[name]
        below = [declared.provides] if declared.provides else []
        for selection in provided:
            asked = selection.fields_of(type_name).get(name)
            if asked and asked.selection:
                below.append(asked.selection)
        return tuple(below)


@dataclass(frozen=True, slots=True, eq=False)
class Supergraph:
    """The composed graph. `public_*` lacks what is `@inaccessible`; `index` knows everything."""

    subgraphs: Mapping[str, Subgraph]
    public_schema: GraphQLSchema
    public_sdl: str
    public_index: TypeIndex
    index: TypeIndex
    hints: tuple[str, ...] = ()
    sdl: str = ""
    """The supergraph in the form that other routers load."""
    urls: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Where subgraphs are served, as far as the supergraph says."""
    rules: Rules = dataclass_field(default_factory=Rules)
    """What fields demand of who asks for them."""
    labels: Labels | None = None
    """Set where fields move between subgraphs in steps; the graph itself is that in which no label holds."""
    siblings: Mapping[str, frozenset[str]] = dataclass_field(init=False)
    """Types which some subgraph cannot tell apart, by each of them: an interface object and all that is behind it."""
    context_types: frozenset[str] = dataclass_field(init=False)
    """Types of whose objects arguments further down are set."""
    operation_schema: GraphQLSchema = dataclass_field(init=False)
    """The public schema with what the gateway adds to the language: `@defer`. Operations are validated by it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "operation_schema", with_defer(self.public_schema))
        siblings: dict[str, frozenset[str]] = {}
        for subgraph in self.subgraphs.values():
            for name in subgraph.opaque:
                together = frozenset((name, *subgraph.possible.get(name, ())))
                for member in together:
                    siblings[member] = siblings.get(member, frozenset()) | together
        object.__setattr__(self, "siblings", siblings)
        fields = (f for s in self.subgraphs.values() for t in s.types.values() for f in t.fields.values())
        types = frozenset(name for f in fields for argument in f.contextual for name in argument.selections)
        object.__setattr__(self, "context_types", types)

    @classmethod
    def from_sdl(cls, sdl: str, contract: "Contract | None" = None) -> "Supergraph":
        """Load a supergraph composed elsewhere; raises `CompositionError`. `contract` narrows what is public."""
        from gateway.composer.load import load_supergraph  # the composer is built upon this module

        return load_supergraph(sdl, contract)

    def with_sdl(self, sdl: str, urls: Mapping[str, str], hints: Iterable[str] = ()) -> "Supergraph":
        """Return the same graph with what is told about it."""
        return replace(self, sdl=sdl, urls=urls, hints=tuple(hints))


def with_defer(schema: GraphQLSchema) -> GraphQLSchema:
    """A schema with what the gateway adds to the language."""
    parts: dict[str, Any] = {**schema.to_kwargs()}
    return GraphQLSchema(**{**parts, "directives": (*parts["directives"], GraphQLDeferDirective)})
