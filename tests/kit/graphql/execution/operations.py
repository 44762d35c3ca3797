"""Random operations over any schema, valid as far as can be said: fields, aliases, fragments, conditions, variables."""

from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
    is_union_type,
)

CONDITIONS = ("@include(if: $yes)", "@skip(if: $no)", "@include(if: $maybe)", "@skip(if: false)", "@include(if: true)")
WORDS = {"String": ('"a"', '"b"', '""'), "ID": ('"p1"', '"p2"', "7"), "Int": ("1", "2", "50"), "Float": ("1.5", "2"),
         "Boolean": ("true", "false")}  # fmt: skip


class Operations:
    """Writes one random operation of a schema."""

    def __init__(self, schema: GraphQLSchema, random: Random, words: dict[str, tuple[str, ...]] | None = None) -> None:
        self.schema = schema
        self.random = random
        self.words = {**WORDS, **(words or {})}
        self.fragments: dict[str, str] = {}
        self.variables: dict[str, str] = {"yes": "Boolean!", "no": "Boolean! = false", "maybe": "Boolean = true"}
        self.values: dict[str, Any] = {"yes": random.random() < 0.7, "no": random.random() < 0.2}
        if random.random() < 0.5:
            self.values["maybe"] = random.random() < 0.7

    def write(self, mutation: bool = False) -> tuple[str, dict[str, Any]]:
        """A document and the variables to run it with."""
        root = self.schema.mutation_type if mutation else self.schema.query_type
        selection = self._selection(root, 4)
        used = {name: type_ for name, type_ in self.variables.items() if f"${name}" in selection + str(self.fragments)}
        declared = ", ".join(f"${name}: {type_}" for name, type_ in used.items())
        head = f"{'mutation' if mutation else 'query'} Op{f'({declared})' if declared else ''}"
        return "\n".join([f"{head} {selection}", *self.fragments.values()]), {
            name: value for name, value in self.values.items() if name in used
        }

    def _selection(self, type_: Any, depth: int) -> str:
        random = self.random
        parts = [self._part(type_, depth) for _ in range(random.randint(1, 4))]
        kept = [part for part in parts if part]
        return "{ " + " ".join(kept or ["__typename"]) + " }"

    def _part(self, type_: Any, depth: int) -> str:
        choice = self.random.random()
        if choice < 0.12:
            return f"... {self._condition()} {self._selection(type_, depth)}" if depth else ""
        if choice < 0.3 and depth:
            return self._fragment(type_, depth)
        if choice < 0.36 or is_union_type(type_):
            return f"{self.random.choice(['', 'kind: '])}__typename"
        return self._field(type_, depth)

    def _condition(self) -> str:
        return self.random.choice(CONDITIONS) if self.random.random() < 0.3 else ""

    def _fragment(self, type_: Any, depth: int) -> str:
        on = self._narrower(type_)
        if self.random.random() < 0.6:
            return f"... on {on.name} {self._condition()} {self._selection(on, depth - 1)}"
        if self.fragments and self.random.random() < 0.4:
            name = self.random.choice(sorted(self.fragments))
            return f"...{name} {self._condition()}" if name.startswith(f"F_{on.name}_") else ""
        name = f"F_{on.name}_{len(self.fragments)}_{depth}"
        body = self._selection(on, depth - 1)
        self.fragments[name] = f"fragment {name} on {on.name} {body}"
        return f"...{name} {self._condition()}"

    def _narrower(self, type_: Any) -> Any:
        if is_abstract_type(type_):
            return self.random.choice([*self.schema.get_possible_types(type_), type_])
        if is_object_type(type_) and type_.interfaces and self.random.random() < 0.3:
            return self.random.choice(type_.interfaces)
        return type_

    def _field(self, type_: Any, depth: int) -> str:
        assert is_object_type(type_) or is_interface_type(type_)
        name, definition = self.random.choice(sorted(type_.fields.items()))
        composite = is_composite_type(get_named_type(definition.type))
        if composite and depth <= 0:
            return "__typename"
        variant = self.random.choice((0, 0, 1)) if definition.args else self.random.choice((0, 0, 0, 1))
        arguments = self._arguments(name, definition, variant)
        alias = f"{name}_{variant}: " if variant else ""
        below = self._selection(get_named_type(definition.type), depth - 1) if composite else ""
        return f"{alias}{name}{arguments} {self._condition()} {below}"

    def _arguments(self, name: str, definition: GraphQLField, variant: int) -> str:
        random = Random(f"{name}{variant}")  # the same wherever the same key may be merged
        given = []
        for argument, known in definition.args.items():
            if not is_required_argument(known) and random.random() < 0.4:
                continue
            if random.random() < 0.35:
                given.append(f"{argument}: ${self._variable(argument, known.type, random)}")
            else:
                given.append(f"{argument}: {self._literal(known.type, random)}")
        return f"({', '.join(given)})" if given else ""

    def _variable(self, argument: str, type_: Any, random: Random) -> str:
        name = f"v_{argument}_{str(type_).translate(str.maketrans('[]!', 'LRN'))}"
        if name not in self.variables:
            default = "" if is_non_null_type(type_) or random.random() < 0.5 else f" = {self._literal(type_, random)}"
            self.variables[name] = f"{type_}{default}"
            if is_non_null_type(type_) or self.random.random() < 0.7:
                self.values[name] = self._value(type_)
        return name

    def _literal(self, type_: Any, random: Random, depth: int = 0) -> str:
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        elif random.random() < 0.1:
            return "null"
        if is_list_type(type_):
            return (
                f"[{', '.join(self._literal(type_.of_type, random, depth + 1) for _ in range(random.randint(0, 2)))}]"
            )
        if is_enum_type(type_):
            return random.choice(sorted(type_.values))
        if is_input_object_type(type_):
            needed = {name: f for name, f in type_.fields.items() if is_non_null_type(f.type) or random.random() < 0.4}
            return "{" + ", ".join(f"{n}: {self._literal(f.type, random, depth + 1)}" for n, f in needed.items()) + "}"
        return random.choice(self.words.get(type_.name, ('"x"',)))

    def _value(self, type_: Any) -> Any:
        random = self.random
        if is_non_null_type(type_):
            type_ = type_.of_type
        elif random.random() < 0.15:
            return None
        if random.random() < 0.03:
            return {"odd": "value"}
        if is_list_type(type_):
            return [self._value(type_.of_type) for _ in range(random.randint(0, 2))]
        if is_enum_type(type_):
            return random.choice(sorted(type_.values))
        if is_input_object_type(type_):
            return {
                name: self._value(f.type)
                for name, f in type_.fields.items()
                if is_non_null_type(f.type) or random.random() < 0.5
            }
        plain = {"Int": 3, "Float": 2.5, "Boolean": True}
        words = self.words.get(type_.name, ('"x"',))
        return plain.get(type_.name, random.choice(words).strip('"'))
