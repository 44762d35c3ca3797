"""A compiled operation: its functions, and one run of them."""

from asyncio import gather
from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, Undefined
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from kit.graphql.coercion import coerced
from kit.graphql.execution.lane import Lane, Request
from kit.graphql.execution.place import Kind, Place, Select
from kit.graphql.execution.plan import Asked, Plan
from kit.graphql.execution.refusal import NotCompiled
from kit.graphql.execution.resolver import expected_class
from kit.graphql.execution.source import RUNTIME, Source

MAX_COERCION_ERRORS = 50
"""As many as graphql-core reports by default."""


class Operation:
    """An operation with decided conditions, compiled; runs any number of requests at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.asked = plan.asked
        self.chunks: list[str] = []
        self._names: dict[str, Any] = {**RUNTIME, "__builtins__": __builtins__, "__name__": "compiled"}
        self._source = Source(self._names)
        self._attached: list[tuple[str, Place]] = []
        self._roots = self._compile_roots()

    @property
    def source(self) -> str:
        """The text of every function so far; those of abstract types are written when one is first met."""
        return "".join(self.chunks)

    def selection(self, place: Place, type_: GraphQLObjectType) -> Select:
        """The selection of `place` for one of its types, compiled now."""
        name = self._source.name(f"{place.owner.key}_on_{type_.name}")
        self._source.selection(name, self.plan.below(place, type_), f"{type_}")
        self._write_needed(limit=False)
        self._execute()
        select: Select = self._names[name]
        return select

    async def run(self, variables: VariableValues, context: Any, root: Any) -> ExecutionResult:
        """Execute for one request."""
        request = Request(self, variables, context, root)
        data: dict[str, Any] = {}
        lanes: list[Lane] = []
        try:
            for root_field in self._roots:
                lane = Lane(request)
                lanes.append(lane)
                root_field(lane, root, data)
                if not (lane.pending or lane.batches):
                    lanes.pop()
                elif self.asked.is_serial:
                    await lane.drain()
                    lanes.pop()
                    if request.is_null:
                        break
        except GraphQLError as error:
            request.add(error, None)
        if len(lanes) == 1:
            await lanes[0].drain()
        elif lanes:
            await gather(*(lane.drain() for lane in lanes))
        return ExecutionResult(None if request.nulled and request.is_null else data, request.errors or None)

    def compile_all(self) -> None:
        """Every type of every abstract place, for those who want to read the whole."""
        at = 0
        while at < len(self.plan.places):
            place: Place | None = self.plan.places[at]
            while place is not None and place.item is not None:
                place = place.item
            at += 1
            if place is None or place.kind not in (Kind.ABSTRACT, Kind.OBJECT):
                continue
            types = self.asked.schema.get_possible_types(place.type) if place.kind is Kind.ABSTRACT else [place.type]
            for type_ in types:
                if type_.name not in place.by_type:
                    place.by_type[type_.name] = self.selection(place, type_)

    def _compile_roots(self) -> list[Any]:
        names = []
        for key, place in self.plan.root().items():
            name = self._source.name(key, "root")
            self._source.root_field(name, place)
            names.append(name)
        self._write_needed(limit=True)
        self._execute()
        return [self._names[name] for name in names]

    def _write_needed(self, *, limit: bool) -> None:
        self._attached = []
        while self._source.needed:
            name, place = self._source.needed.pop(0)
            if limit and self.plan.is_large:
                raise NotCompiled("the operation is too large")
            if place.kind is Kind.LIST:
                self._source.list_items(name, place)
            else:
                self._source.selection(name, self.plan.below(place, place.type), f"{place.type}")
            self._attached.append((name, place))

    def _execute(self) -> None:
        text = self._source.take()
        self.chunks.append(text)
        exec(compile(text, "<operation>", "exec"), self._names)  # text of ours: names of the schema, literals as repr
        for name, place in self._attached:
            if place.kind is Kind.LIST:
                place.items = self._names[name]
                continue
            place.by_type[place.type.name] = self._names[name]
            class_ = expected_class(place.type)
            if class_ is not None:
                place.by_class[class_] = self._names[name]


def coerce_variables(asked: Asked, given: Mapping[str, Any] | None) -> VariableValues | list[GraphQLError]:
    """The operation's variables, or what is wrong with them: graphql-core's answer, without its detours."""
    if not asked.signatures:
        return VariableValues({}, {})
    values = given or {}
    made = coerced(asked.coercers, values)
    if made is None:
        return _by_graphql_core(asked, values)
    sources = {
        name: VariableValueSource(signature, values.get(name, Undefined))
        for name, signature in asked.signatures.items()
    }
    return VariableValues(sources, made)


def _by_graphql_core(asked: Asked, values: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
    definitions = asked.operation.variable_definitions or ()
    return get_variable_values(asked.schema, definitions, dict(values), max_errors=MAX_COERCION_ERRORS)
