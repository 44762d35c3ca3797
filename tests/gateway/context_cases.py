"""Graphs with arguments set from context, and what is answered there.

A text that was asked with arguments shows them, so each answer says what the gateway set.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.worlds import Obj, World

HEAD = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@external",
  "@requires", "@shareable", "@interfaceObject", "@context", "@fromContext"])
"""


def of(value: str, **arguments: Any) -> str:
    """A text as it shows its arguments."""
    return f"{value} {json.dumps(arguments, sort_keys=True)}"


@dataclass
class Case:
    """One graph, and by query the data and the subgraphs that are asked for it."""

    subgraphs: dict[str, str]
    roots: dict[str, Any]
    objects: list[Obj]
    queries: dict[str, tuple[Any, str]] = field(default_factory=dict)


def price(name: str) -> Obj:
    return Obj("U", {"id": name, "price": f"price of {name}", "name": name.upper(), "part": Obj("Part", {})})


MUG, PEN = price("mug"), price("pen")
SHARED = Obj("Part", {"u": MUG})
JP = Obj("T", {"id": "jp", "prop": "JPY", "u": MUG, "us": [MUG, PEN, None], "label": None, "all": ["a", "b"]})
DE = Obj("T", {"id": "de", "prop": "EUR", "u": MUG, "us": [PEN, MUG], "label": "L", "all": []})
US = Obj("T", {"id": "us", "prop": "USD", "u": PEN, "us": [], "label": "M", "all": ["c"]})
JP.values["inner"], DE.values["inner"], US.values["inner"] = DE, None, JP
PART = Obj("Holder", {"id": "h", "part": SHARED})
JP.values["held"], DE.values["held"], US.values["held"] = PART, PART, None
ENTITIES = [JP, DE, US, MUG, PEN, PART]
ROOTS = {"t": JP, "ts": [JP, DE, US, None, JP]}
U_PRICE = """type U @key(fields: "id") { id: ID! price(in: String! @fromContext(field: "$cur { prop }")): String }"""

ONE = """type Query { t: T ts: [T] }
type T @key(fields: "id") @context(name: "cur") { id: ID! prop: String! u: U us: [U] inner: T }
type U @key(fields: "id") { id: ID! name: String
  price(by: Int, in: String! @fromContext(field: "$cur { prop }")): String }"""

BOOK = Obj("Book", {"id": "b", "title": "TB", "u": MUG, "note": "N"})
FILM = Obj("Film", {"id": "f", "name": "NF", "u": MUG, "note": "N"})

CASES = {
    "one subgraph asks itself": Case(
        {"a": ONE},
        ROOTS,
        ENTITIES,
        {
            "{ t { u { price } } }": ({"t": {"u": {"price": of("price of mug", **{"in": "JPY"})}}}, "a a"),
            "{ t { u { id } } }": ({"t": {"u": {"id": "mug"}}}, "a"),
            "{ t { prop u { name price(by: 2) p: price(by: 3) price_: price } } }": (
                {
                    "t": {
                        "prop": "JPY",
                        "u": {
                            "name": "MUG",
                            "price": of("price of mug", by=2, **{"in": "JPY"}),
                            "p": of("price of mug", by=3, **{"in": "JPY"}),
                            "price_": of("price of mug", **{"in": "JPY"}),
                        },
                    }
                },
                "a a",
            ),
        },
    ),
    "below a mutation, and once more after it": Case(
        {"a": ONE + "type Mutation { first: T second: T }"},
        {**ROOTS, "first": JP, "second": DE},
        ENTITIES,
        {
            "mutation { first { u { price } } second { u { price } } }": (
                {
                    "first": {"u": {"price": of("price of mug", **{"in": "JPY"})}},
                    "second": {"u": {"price": of("price of mug", **{"in": "EUR"})}},
                },
                "a a a",
            )
        },
    ),
    "an interface object with such a field": Case(
        {
            "a": """type Query { holder: Shelf } type Shelf { label: String media: [Media] }
            interface Media @key(fields: "id") { id: ID! }
            type Book implements Media @key(fields: "id") { id: ID! title: String! }
            type Film implements Media @key(fields: "id") { id: ID! name: String! }""",
            "b": """type Query { shelf: Shelf2 } type Shelf2 @context(name: "s") { label: String media: [Media] }
            type Media @interfaceObject @key(fields: "id") { id: ID!
              note(on: String @fromContext(field: "$s { label }")): String @shareable }""",
            "c": 'type Media @interfaceObject @key(fields: "id") { id: ID! note: String @shareable }',
        },
        {
            "shelf": Obj("Shelf2", {"label": "S", "media": [BOOK, FILM]}),
            "holder": Obj("Shelf", {"label": "H", "media": [BOOK]}),
        },
        [BOOK, FILM],
        {
            "{ shelf { media { note ... on Book { title } } } }": (
                {"shelf": {"media": [{"note": of("N", on="S"), "title": "TB"}, {"note": of("N", on="S")}]}},
                "a b b",
            ),
            "{ holder { media { note } } }": ({"holder": {"media": [{"note": "N"}]}}, "a c"),
        },
    ),
    "lists, each with its own": Case(
        {"a": ONE},
        ROOTS,
        ENTITIES,
        {
            "{ ts { us { price } } }": (
                {
                    "ts": [
                        jp := {
                            "us": [
                                {"price": of("price of mug", **{"in": "JPY"})},
                                {"price": of("price of pen", **{"in": "JPY"})},
                                None,
                            ]
                        },
                        {
                            "us": [
                                {"price": of("price of pen", **{"in": "EUR"})},
                                {"price": of("price of mug", **{"in": "EUR"})},
                            ]
                        },
                        {"us": []},
                        None,
                        jp,
                    ]
                },
                "a a a",
            )
        },
    ),
    "the nearest wins": Case(
        {"a": ONE},
        ROOTS,
        ENTITIES,
        {
            "{ t { u { price } inner { u { price } inner { u { price } } } } }": (
                {
                    "t": {
                        "u": {"price": of("price of mug", **{"in": "JPY"})},
                        "inner": {"u": {"price": of("price of mug", **{"in": "EUR"})}, "inner": None},
                    }
                },
                "a a a",
            )
        },
    ),
    "the value is another subgraph's": Case(
        {
            "a": """type Query { t: T ts: [T] } type T @key(fields: "id") @context(name: "cur") {
              id: ID! prop: String! @external u: U }"""
            + U_PRICE,
            "b": 'type T @key(fields: "id") { id: ID! prop: String! }',
        },
        ROOTS,
        ENTITIES,
        {
            "{ t { u { price } } }": ({"t": {"u": {"price": of("price of mug", **{"in": "JPY"})}}}, "a a b"),
            "{ ts { u { price } } }": (
                {
                    "ts": [
                        {"u": {"price": of("price of mug", **{"in": "JPY"})}},
                        {"u": {"price": of("price of mug", **{"in": "EUR"})}},
                        {"u": {"price": of("price of pen", **{"in": "USD"})}},
                        None,
                        {"u": {"price": of("price of mug", **{"in": "JPY"})}},
                    ]
                },
                "a a a a b",
            ),
        },
    ),
    "the object is another subgraph's": Case(
        {
            "a": """type Query { ts: [T] } type T @key(fields: "id") { id: ID! prop: String! held: Holder }
              type Holder @key(fields: "id") { id: ID! }""",
            "b": """type Holder @key(fields: "id") { id: ID! part: Part }
              type Part { u: U } type U @key(fields: "id") { id: ID! name: String }""",
            "c": """type T @key(fields: "id") @context(name: "cur") { id: ID! prop: String! @external }""" + U_PRICE,
        },
        ROOTS,
        ENTITIES,
        {
            "{ ts { held { part { u { name price } } } } }": (
                {
                    "ts": [
                        jp_held := {
                            "held": {"part": {"u": {"name": "MUG", "price": of("price of mug", **{"in": "JPY"})}}}
                        },
                        {"held": {"part": {"u": {"name": "MUG", "price": of("price of mug", **{"in": "EUR"})}}}},
                        {"held": None},
                        None,
                        jp_held,
                    ]
                },
                "a b c c",
            )
        },
    ),
    "null, lists and values below": Case(
        {
            "a": """type Query { ts: [T] } type T @key(fields: "id") @context(name: "x") {
              id: ID! label: String all: [String!]! inner: T u: U }
            type U @key(fields: "id") { id: ID! price(label: String @fromContext(field: "$x { label }")
              all: [String] @fromContext(field: "$x { all }") up: String @fromContext(field: "$x { inner { label } }"))
              : String }"""
        },
        ROOTS,
        ENTITIES,
        {
            "{ ts { u { price } } }": (
                {
                    "ts": [
                        jp_all := {"u": {"price": of("price of mug", label=None, all=["a", "b"], up="L")}},
                        {"u": {"price": of("price of mug", label="L", all=[], up=None)}},
                        {"u": {"price": of("price of pen", label="M", all=["c"], up=None)}},
                        None,
                        jp_all,
                    ]
                },
                "a a a a",
            )
        },
    ),
    "abstract types, each by its own fragment": Case(
        {
            "a": """type Query { media: [Media] any: [Any] } union Any @context(name: "any") = Book | Film
            interface Media @context(name: "m") { id: ID! u: U }
            type Book implements Media @key(fields: "id") { id: ID! title: String! u: U }
            type Film implements Media @key(fields: "id") { id: ID! name: String! u: U }
            type U @key(fields: "id") { id: ID!
              price(of: String! @fromContext(field: "$m ... on Book { title } ... on Film { name }")): String
              name(of: ID! @fromContext(field: "$any { id }")): String }"""
        },
        {"media": [BOOK, FILM, BOOK], "any": [FILM, BOOK]},
        [BOOK, FILM, MUG],
        {
            "{ media { u { price name } } any { ... on Film { u { price } } } }": (
                {
                    "media": [
                        book := {"u": {"price": of("price of mug", of="TB"), "name": of("MUG", of="b")}},
                        {"u": {"price": of("price of mug", of="NF"), "name": of("MUG", of="f")}},
                        book,
                    ],
                    "any": [{"u": {"price": of("price of mug", of="NF")}}, {}],
                },
                "a a a a",
            )
        },
    ),
    "a field that others require": Case(
        {
            "a": ONE,
            "b": """type U @key(fields: "id") { id: ID! price(by: Int): String @external
              tag: String @requires(fields: "price") }""",
        },
        ROOTS,
        ENTITIES,
        {
            "{ t { u { tag } } }": (
                {"t": {"u": {"tag": 'tag of {"price": "price of mug {\\"in\\": \\"JPY\\"}"}'}}},
                "a a b",
            )
        },
    ),
}


def world_of(case: Case) -> World:
    return World({name: HEAD + sdl for name, sdl in case.subgraphs.items()}, case.objects, case.roots)
