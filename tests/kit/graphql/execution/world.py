"""A random schema over random data: values, nulls, errors and exceptions follow from a seed and from where they are."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from kit.graphql.execution import batch_resolver

LEAVES = (GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID)
MAX_DEPTH = 6
"""Objects below this depth hold no further objects under plain keys."""


@dataclass(frozen=True)
class Case:
    """Everything a case follows from; printed when it fails, and enough to run it again."""

    schema: int
    data: int
    operation: int
    types: int = 3
    faults: int = 5
    later: int = 30
    batches: int = 20
    mutation: bool = False


class Later:
    """Awaitable, and no coroutine that complains if nobody awaits it."""

    def __init__(self, value: Any, turns: int) -> None:
        self.value = value
        self.turns = turns

    def __repr__(self) -> str:
        return f"Later({self.value!r})"

    def __await__(self) -> Iterator[Any]:
        for _ in range(self.turns):
            yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def _odd(value: Any) -> str:
    if not isinstance(value, str) or value == "refused":
        raise ValueError(f"Odd cannot be {value!r}")
    return f"<{value}>"


@dataclass
class World:
    """A schema, and the effects its resolvers had since the last look."""

    case: Case
    effects: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = self.random = Random(self.case.schema)
        self.color = GraphQLEnumType("Color", {"RED": "r", "GREEN": "g", "BLUE": 3})
        self.odd = GraphQLScalarType("Odd", serialize=_odd)
        self.point = GraphQLInputObjectType(
            "Point",
            {
                "x": GraphQLInputField(GraphQLNonNull(GraphQLInt)),
                "y": GraphQLInputField(GraphQLInt, default_value=7),
                "tags": GraphQLInputField(GraphQLList(GraphQLNonNull(GraphQLString))),
            },
        )
        self.named = GraphQLInterfaceType("Named", lambda: self.shared, resolve_type=self._resolver_of_types(random))
        self.shared: dict[str, GraphQLField] = {}
        self.objects = [self._object(f"T{index}", random) for index in range(self.case.types)]
        self.either = GraphQLUnionType("Either", self.objects[:2], resolve_type=self._resolver_of_types(random))
        self.shared |= {f"s{index}": self._field(f"s{index}", random) for index in range(2)}
        self.fields = {
            kind.name: {f"{kind.name.lower()}f{i}": self._field(f"{kind.name.lower()}f{i}", random) for i in range(4)}
            for kind in self.objects
        }
        query = GraphQLObjectType("Query", {f"q{i}": self._field(f"q{i}", random) for i in range(4)})
        mutation = GraphQLObjectType("Mutation", {f"m{i}": self._field(f"m{i}", random) for i in range(4)})
        self.schema = GraphQLSchema(query, mutation, types=self.objects)

    def root(self) -> Any:
        """The root object."""
        return self._make("root", "Query" if not self.case.mutation else "Mutation", ())

    def _object(self, name: str, random: Random) -> GraphQLObjectType:
        interfaces = [self.named] if random.random() < 0.7 else []
        is_type_of = None
        choice = random.random()
        if choice < 0.2:
            is_type_of = lambda value, _info: self._kind_of(value) == name  # noqa: E731
        elif choice < 0.3 and self.case.later:

            async def is_type_of(value: Any, _info: Any) -> bool:
                return self._kind_of(value) == name

        return GraphQLObjectType(
            name, lambda: {**(self.shared if interfaces else {}), **self.fields[name]}, interfaces, is_type_of
        )

    def _resolver_of_types(self, random: Random) -> Any:
        choice = random.random()
        if choice < 0.3:
            return None
        if choice < 0.4 and self.case.later:

            async def resolve_later(value: Any, _info: Any, _type: Any) -> Any:
                return self._kind_of(value)

            return resolve_later
        return lambda value, _info, _type: self._kind_of(value)

    @staticmethod
    def _kind_of(value: Any) -> Any:
        return value.get("__typename") if isinstance(value, dict) else getattr(value, "kind", None)

    def _type(self, random: Random, depth: int = 0) -> Any:
        choice = random.random()
        if choice < 0.3 and depth < 2:
            inner: Any = GraphQLList(self._type(random, depth + 1))
        elif choice < 0.65:
            inner = random.choice([*LEAVES, self.color, self.odd])
        else:
            inner = random.choice([*self.objects, *self.objects, self.named, self.either])
        return GraphQLNonNull(inner) if random.random() < 0.35 else inner

    def _field(self, name: str, random: Random) -> GraphQLField:
        type_ = self._type(random)
        choice = random.randrange(100)
        arguments = self._arguments(random) if random.random() < 0.3 else {}
        if choice < 35:
            return GraphQLField(type_, arguments)

        def value_of(source: Any, info: Any, given: dict[str, Any]) -> Any:
            self.effects.append((tuple(info.path.as_list()), self._id_of(source), name, repr(given)))
            return self._value(type_, (self._id_of(source), name, repr(sorted(given.items(), key=str))))

        def now(source: Any, info: Any, **given: Any) -> Any:
            return self._raise_or(value_of(source, info, given))

        async def later(source: Any, info: Any, **given: Any) -> Any:
            value = value_of(source, info, given)
            await Later(None, name.count("1"))
            return self._raise_or(value)

        async def batch(sources: list[Any], info: Any, **given: Any) -> list[Any]:
            found = []
            for source in sources:
                self.effects.append(((), self._id_of(source), name, repr(given)))
                found.append(self._value(type_, (self._id_of(source), name, repr(sorted(given.items(), key=str)))))
            return found

        if choice < 35 + self.case.later:
            return GraphQLField(type_, arguments, later)
        if choice < 35 + self.case.later + self.case.batches:
            return GraphQLField(type_, arguments, batch_resolver(batch))
        return GraphQLField(type_, arguments, now)

    def _arguments(self, random: Random) -> dict[str, GraphQLArgument]:
        known = {
            "n": GraphQLArgument(GraphQLInt, default_value=5),
            "p": GraphQLArgument(self.point),
            "c": GraphQLArgument(self.color, default_value="g"),
            "l": GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLInt))),
            "r": GraphQLArgument(GraphQLNonNull(GraphQLString)),
        }
        return {name: known[name] for name in random.sample(sorted(known), random.randint(1, 3))}

    @staticmethod
    def _raise_or(value: Any) -> Any:
        if isinstance(value, GraphQLError):
            raise value
        return value

    @staticmethod
    def _id_of(source: Any) -> Any:
        return source.get("id_") if isinstance(source, dict) else getattr(source, "id_", None)

    def _value(self, type_: Any, where: tuple[Any, ...], depth: int = 0) -> Any:
        random = Random(f"{self.case.data}{where}")
        if random.randrange(100) < self.case.faults:
            return self._fault(random, where)
        if is_non_null_type(type_):
            type_ = type_.of_type
        elif random.random() < 0.1:
            return None
        if is_list_type(type_):
            items = [self._value(type_.of_type, (*where, i), depth + 1) for i in range(random.choice((0, 1, 2, 2, 3)))]
            if random.randrange(100) < self.case.later // 4:
                items = [Later(item, 1) if random.random() < 0.5 else item for item in items]
            return _Stream(items) if random.randrange(200) < self.case.later // 10 else self._iterable(random, items)
        named = get_named_type(type_)
        if named in LEAVES or named in (self.color, self.odd):
            return self._leaf(named, random)
        if named is self.either:
            named = random.choice(self.objects[:2])
        elif named is self.named:
            implementing = [kind for kind in self.objects if self.named in kind.interfaces]
            named = random.choice(implementing or self.objects)
        return self._make(where, named.name, where)

    @staticmethod
    def _iterable(random: Random, items: list[Any]) -> Any:
        return random.choice((list, list, list, tuple))(items)

    def _leaf(self, type_: Any, random: Random) -> Any:
        if type_ is self.color:
            return random.choice(("r", "g", 3))
        if type_ is self.odd:
            return random.choice(("a", "b", "refused" if self.case.faults else "c"))
        return {
            "String": lambda: random.choice(("", "text", 5, True, 1.5)),
            "Int": lambda: random.choice((0, -1, 2**31 - 1, 7.0, "8", True)),
            "Float": lambda: random.choice((0.5, 3, -1e300, "2.5")),
            "Boolean": lambda: random.choice((True, False, 1, 0)),
            "ID": lambda: random.choice(("id", 7, "")),
        }[type_.name]()

    def _fault(self, random: Random, where: tuple[Any, ...]) -> Any:
        later = (Later(ValueError("later"), 1), Later(None, 2)) if self.case.later else ()
        return random.choice(
            (
                *later,
                None,
                None,
                ValueError(f"value {where[-1]}"),
                GraphQLError(f"raised {where[-1]}", extensions={"code": "X"}),
                RuntimeError("plain"),
                object,
                2**40,
                float("inf"),
                float("nan"),
                "no such thing",
                {"__typename": "Nope"},
                {"__typename": "Query"},
            )
        )

    def _make(self, where: Any, kind: str, path: tuple[Any, ...]) -> Any:
        values: dict[str, Any] = {"id_": str(where), "kind": kind, "__typename": kind}
        type_ = self.schema.get_type(kind)
        random = Random(f"{self.case.data}make{where}")
        for name, definition in type_.fields.items():  # type: ignore[union-attr]
            if definition.resolve is not None:
                continue
            if str(where).count("(") > MAX_DEPTH and get_named_type(definition.type) not in LEAVES:
                values[name] = None
            elif random.random() < 0.2:
                values[name] = self._method(definition.type, (str(where), name))
            else:
                values[name] = self._value(definition.type, (str(where), name))
        return values if random.random() < 0.8 else SimpleNamespace(**values)

    def _method(self, type_: Any, where: tuple[Any, ...]) -> Any:
        def method(info: Any, **given: Any) -> Any:
            self.effects.append((tuple(info.path.as_list()), *where, repr(given)))
            return self._raise_or(self._value(type_, (*where, repr(given))))

        return method


class _Stream:
    """An async iterable that begins anew for everybody: a key may be read under two aliases."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            if isinstance(item, GraphQLError):
                raise item
            yield item
