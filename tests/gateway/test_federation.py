"""Each feature of Federation as one small graph, answered as by a monolith over the same data.

`fetches` are the subgraphs the plan asks, sorted: a plan that gets costlier shows here.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.engine import GraphQLRequest
from tests.gateway.worlds import HEAD, Obj, World


@dataclass
class Case:
    """One graph, its data, and queries with the subgraphs each must ask."""

    subgraphs: dict[str, str]
    roots: dict[str, Any]
    queries: dict[str, str]
    objects: list[Obj] = field(default_factory=list)
    plain: bool = False


def media_objects() -> tuple[Obj, Obj]:
    book = Obj("Book", {"id": "b1", "title": "Kokoro", "pages": 200, "rating": 5, "extra": "xb"})
    film = Obj("Film", {"id": "f1", "title": "Ran", "minutes": 160, "rating": 4, "extra": "xf"})
    book.values["similar"], film.values["similar"] = film, book
    return book, film


BOOK, FILM = media_objects()
MEDIA = """interface Media @key(fields: "id") { id: ID! title: String! }
type Book implements Media @key(fields: "id") { id: ID! title: String! pages: Int! }
type Film implements Media @key(fields: "id") { id: ID! title: String! minutes: Int! }
"""
PLAIN = {"id": "t1", "name": "N", "size": "S", "price": "P"}
T1 = Obj("T", dict(PLAIN))

CASES: dict[str, Case] = {
    "interface object gives fields to every implementation": Case(
        {
            "media": "type Query { media: [Media!]! book: Book }" + MEDIA,
            "ratings": 'type Media @interfaceObject @key(fields: "id") { id: ID! rating: Int! }',
        },
        {"media": [BOOK, FILM], "book": BOOK},
        {
            "{ media { id rating title } }": "media ratings",
            "{ book { rating pages } }": "media ratings",
            "{ media { __typename rating ... on Book { pages r: rating } } }": "media ratings",
        },
        [BOOK, FILM],
    ),
    "interface object as the way in": Case(
        {
            "media": "type Query { any: Media }" + MEDIA,
            "ratings": """type Query { best: Media! all: [Media!]! }
            type Media @interfaceObject @key(fields: "id") { id: ID! rating: Int! similar: Media }""",
        },
        {"any": FILM, "best": BOOK, "all": [FILM, BOOK]},
        {
            "{ best { id title } }": "media ratings",
            "{ best { __typename rating } }": "media ratings",
            "{ all { rating ... on Book { pages } ... on Film { minutes rated: rating } } }": "media ratings",
            "{ best { similar { title similar { rating title } } } }": "media media ratings",
            "{ any { similar { ... on Book { pages title } } } }": "media media ratings",
            "{ all { ... on Book { x: rating } ... on Film { x: minutes } } }": "media ratings",
        },
        [BOOK, FILM],
    ),
    "interface object with requires": Case(
        {
            "media": "type Query { media: [Media!]! }" + MEDIA,
            "slugs": """type Query { first: Media }
            type Media @interfaceObject @key(fields: "id") {
              id: ID! title: String! @external slug: String! @requires(fields: "title") }""",
        },
        {"media": [BOOK, FILM], "first": FILM},
        {
            "{ media { slug } }": "media slugs",
            "{ media { ... on Film { slug minutes } } }": "media slugs",
            "{ first { slug } }": "media slugs slugs",
        },
        [BOOK, FILM],
    ),
    "interface object reached through another": Case(
        {
            "media": "type Query { book: Book }" + MEDIA,
            "ratings": 'type Media @interfaceObject @key(fields: "id") { id: ID! rating: Int! }',
            "extras": """type Query { picked: [Media] }
            type Media @interfaceObject @key(fields: "id") { id: ID! extra: String }""",
        },
        {"book": BOOK, "picked": [FILM, None, BOOK]},
        {
            "{ picked { extra rating } }": "extras media ratings",
            "{ book { extra rating title } }": "extras media ratings",
        },
        [BOOK, FILM],
    ),
    "interface object that only refers": Case(
        {
            "media": "type Query { media: [Media!]! }" + MEDIA,
            "lists": """type Query { list: List } type List { name: String items: [Media!]! }
            type Media @interfaceObject @key(fields: "id", resolvable: false) { id: ID! }""",
        },
        {"media": [], "list": Obj("List", {"name": "L", "items": [BOOK, FILM]})},
        {
            "{ list { name items { title } } }": "lists media",
            "{ list { items { id ... on Book { pages } } } }": "lists media",
        },
        [BOOK, FILM],
    ),
    "override": Case(
        {
            "old": 'type Query { t: T } type T @key(fields: "id") { id: ID! name: String size: String }',
            "new": """type T @key(fields: "id") { id: ID! name: String @override(from: "old")
            price: String @override(from: "absent") }""",
        },
        {"t": T1},
        {"{ t { size } }": "old", "{ t { name size } }": "new old", "{ t { price id } }": "new old"},
        [T1],
    ),
    "override with requires": Case(
        {
            "old": 'type Query { t: T } type T @key(fields: "id") { id: ID! name: String size: String }',
            "new": """type T @key(fields: "id") { id: ID! size: String @external
            name: String @override(from: "old") @requires(fields: "size") }""",
        },
        {"t": T1},
        {"{ t { name size } }": "new old"},
        [T1],
    ),
    "requires of an overridden field": Case(
        {
            "old": """type Query { t: T } type T @key(fields: "id") { id: ID! size: String price: String }""",
            "new": 'type T @key(fields: "id") { id: ID! size: String @override(from: "old") }',
            "last": """type T @key(fields: "id") { id: ID! size: String @external
            name: String @requires(fields: "size") }""",
        },
        {"t": T1},
        {"{ t { name price } }": "last new old"},
        [T1],
    ),
    "entity interface": Case(
        {
            "a": "type Query { media: [Media!]! }" + MEDIA,
            "b": """type Query { node(id: ID): Media } interface Media { id: ID! rating: Int! }
            type Book implements Media @key(fields: "id") { id: ID! rating: Int! }
            type Film implements Media @key(fields: "id") { id: ID! rating: Int! }""",
        },
        {"media": [FILM, BOOK], "node": BOOK},
        {"{ media { rating title } }": "a b", "{ node { title } }": "a b", "{ node { rating id } }": "b"},
        [BOOK, FILM],
    ),
    "federation 1": Case(
        {
            "users": """type Query { me: User } type User @key(fields: "id") { id: ID! name: String address: Address }
            type Address { street: String }""",
            "posts": """extend type Query { post: Post } type Post @key(fields: "id") { id: ID! author: User }
            extend type User @key(fields: "id") { id: ID! @external name: String @external
              posts: [Post] signature: String @requires(fields: "name") unused: Int @external }
            type Address { street: String }""",
        },
        {
            "me": (ME := Obj("User", {"id": "u", "name": "Ann", "address": Obj("Address", {"street": "S"})})),
            "post": (POST := Obj("Post", {"id": "p", "author": ME})),
        },
        {
            "{ me { name signature posts { id } address { street } } }": "posts users",
            "{ post { author { name signature } } }": "posts posts users",
        },
        [ME, POST],
        plain=True,
    ),
}
ME.values["posts"] = [POST]


V1, V2 = Obj("V", {"k": "v1", "n": "V one"}), Obj("W", {"k": "w1", "n": "W one", "size": "big"})
V1.values["kin"], V2.values["kin"] = V2, V1
CIRCLE = Obj("T", {"id": "t1", "a": "A", "c": "C", "other": T1})
FEED = [Obj("Post", {"id": "1", "at": "p"}), Obj("Ad", {"id": "2", "at": 7}), Obj("Clip", {"id": "3", "at": "c"})]

CASES |= {
    "union shared in part": Case(
        {
            "a": """type Query { any: [U!]! @shareable } union U = Post | Ad
            type Post @key(fields: "id") { id: ID! at: String } type Ad @key(fields: "id") { id: ID! }""",
            "b": """type Query { first: U2 } union U2 = Ad | Clip union U = Clip
            type Ad @key(fields: "id") { id: ID! at: Int } type Clip @key(fields: "id") { id: ID! at: String }""",
        },
        {"any": FEED[:2], "first": FEED[2]},
        {
            "{ any { __typename ... on Post { at } ... on Ad { n: at } ... on Clip { at } } }": "a b",
            "{ first { ... on Clip { id } ... on Ad { id } } }": "b",
        },
        FEED,
    ),
    "child types that differ get internal aliases": Case(
        {
            "a": """type Query { feed: [U!]! } union U = Post | Ad | Clip
            type Post @key(fields: "id") { id: ID! at: String! } type Ad @key(fields: "id") { id: ID! }
            type Clip @key(fields: "id") { id: ID! at: String }""",
            "b": 'type Ad @key(fields: "id") { id: ID! at: Int } type Post @key(fields: "id") { id: ID! }',
        },
        {"feed": FEED},
        {"{ feed { ... on Post { at } ... on Ad { id at2: at } ... on Clip { id } } }": "a b"},
        FEED,
    ),
    "provides nested on an interface": Case(
        {
            "a": """type Query { best: I @provides(fields: "n kin { n }") all: [I] }
            interface I { k: ID! n: String kin: I }
            type V implements I @key(fields: "k") { k: ID! n: String @external kin: I @external }
            type W implements I @key(fields: "k") { k: ID! n: String @external kin: I @external }""",
            "b": """interface I { k: ID! n: String kin: I }
            type V implements I @key(fields: "k") { k: ID! n: String kin: I }
            type W implements I @key(fields: "k") { k: ID! n: String kin: I size: String }""",
        },
        {"best": V1, "all": [V2, V1]},
        {
            "{ best { n kin { n k } } }": "a",
            "{ best { n kin { ... on W { n size } } } }": "a b",
            "{ all { n } }": "a b",
        },
        [V1, V2],
    ),
    "provides on a union": Case(
        {
            "a": """type Query { best: U @provides(fields: "... on V { n }") } union U = V | W
            type V @key(fields: "k") { k: ID! n: String @external } type W @key(fields: "k") { k: ID! }""",
            "b": 'type V @key(fields: "k") { k: ID! n: String } type W @key(fields: "k") { k: ID! n: String }',
        },
        {"best": V1},
        {"{ best { ... on V { n } } }": "a", "{ best { ... on V { n } ... on W { n } } }": "a"},
        [V1, V2],
    ),
    "requires that go to and fro between services": Case(
        {
            "a": """type Query { t: T } type T @key(fields: "id") { id: ID! a: String b: String @external
            d: String @requires(fields: "b") }""",
            "b": """type T @key(fields: "id") { id: ID! a: String @external b: String @requires(fields: "a")
            d: String @external e: String @requires(fields: "d") }""",
        },
        {"t": CIRCLE},
        {"{ t { d } }": "a a b", "{ t { e } }": "a a b b"},
        [CIRCLE],
    ),
    "requires with arguments that conflict": Case(
        {
            "a": 'type Query { t: T } type T @key(fields: "id") { id: ID! a(in: String): String }',
            "b": """type T @key(fields: "id") { id: ID! a(in: String): String @external
            x: String @requires(fields: "a(in: \\"X\\")") y: String @requires(fields: "a(in: \\"Y\\")") }""",
        },
        {"t": CIRCLE},
        {'{ t { x y a(in: "Z") } }': "a b b", '{ t { x a(in: "X") } }': "a b"},
        [CIRCLE],
    ),
    "requires with fragments on an interface": Case(
        {
            "a": """type Query { t: Holder } type Holder @key(fields: "id") { id: ID! held: I }
            interface I { k: ID! } type V implements I @key(fields: "k") { k: ID! n: String }
            type W implements I @key(fields: "k") { k: ID! size: String }""",
            "b": """type Holder @key(fields: "id") { id: ID! held: I @external
            sum: String @requires(fields: "held { k ... on W { size } ... on V { n } }") }
            interface I { k: ID! } type V implements I @key(fields: "k") { k: ID! n: String @external }
            type W implements I @key(fields: "k") { k: ID! size: String @external }""",
        },
        {"t": (HOLDER := Obj("Holder", {"id": "h", "held": V2}))},
        {"{ t { sum } }": "a b", "{ t { sum held { ... on V { n } } } }": "a b"},
        [HOLDER, V1, V2],
    ),
    "conditions carried through requirements": Case(
        {
            "a": 'type Query { t: T } type T @key(fields: "id") { id: ID! a: String c: String }',
            "b": """type T @key(fields: "id") { id: ID! a: String @external
            b: String @requires(fields: "a") }""",
        },
        {"t": CIRCLE},
        {
            "{ t { c b @skip(if: true) } }": "a",
            "{ t { c a @skip(if: true) b @include(if: true) } }": "a b",
        },
        [CIRCLE],
    ),
    "several keys, the middle subgraph knows both": Case(
        {
            "a": 'type Query { t: T } type T @key(fields: "id") { id: ID! }',
            "m": """type T @key(fields: "id") @key(fields: "a { k } c") { id: ID! a: V c: String }
            type V @shareable { k: ID! }""",
            "z": """type T @key(fields: "a { k } c") { a: V c: String end: String } type V @shareable { k: ID! }
            type Query { tz: T }""",
        },
        {
            "t": (MIDDLE := Obj("T", {"id": "t1", "a": Obj("V", {"k": "k"}), "c": "C", "end": "E"})),
            "tz": MIDDLE,
        },
        {"{ t { end } }": "a m z", "{ tz { end id } }": "m z"},
        [MIDDLE],
    ),
    "roots by other names, directives by other names": Case(
        {
            "a": """schema @link(url: "https://specs.apollo.dev/federation/v2.3", as: "fed", import: [
              {name: "@key", as: "@entity"}, "@shareable"]) { query: Root }
            type Root { t: T } type T @entity(fields: "id") { id: ID! name: String @fed__inaccessible size: String }""",
        },
        {"t": T1},
        {},
        [T1],
        plain=True,
    ),
    "access rules and tags": Case(
        {
            "a": """type Query { t: T @authenticated } type T @key(fields: "id") @tag(name: "public") {
              id: ID! name: String @requiresScopes(scopes: [["read"]]) size: String @policy(policies: [["p"]]) }""",
        },
        {"t": T1},
        {"{ t { name size } }": "a"},
        [T1],
    ),
}


def sdls_of(case: Case) -> dict[str, str]:
    return {name: ("" if case.plain else HEAD) + sdl for name, sdl in case.subgraphs.items()}


def world_of(case: Case) -> World:
    return World(sdls_of(case), case.objects, case.roots)


@pytest.mark.parametrize("name", CASES)
async def test_feature(name: str) -> None:
    case = CASES[name]
    world = world_of(case)
    for query, fetches in case.queries.items():
        await world.agree(query)
        assert " ".join(world.fetched()) == fetches, f"{query}\n{world.engine.explain(GraphQLRequest(query))}"
