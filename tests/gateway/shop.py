"""A small shop as four graphql-core subgraphs and, over the same data, as one monolith: the oracle of the gateway.

A subgraph sees of an object what it owns. What is external to it, it knows only from the representation it was sent or
from what it `@provides`; anything else raises, so that a wrong plan cannot give a right answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute,
    extend_schema,
    parse,
)

from gateway.transports import SubgraphRequest

LINK = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [
  "@key", "@external", "@requires", "@provides", "@shareable", "@inaccessible", "@tag"
])
"""
SHARED = """
type Address @shareable { street: String! city: String }
interface UserError { code: String! message: String! }
type NotFound implements UserError @shareable { code: String! message: String! id: ID! }
"""
SDL = {
    "users": LINK
    + SHARED
    + """
type Query { me: User user(id: ID!): User users(first: Int! = 3): [User!]! }
type User @key(fields: "id") @key(fields: "email") {
  id: ID! email: String! name: String! nick: String address: Address! friends: [User!]! friend: User
}
type Mutation { userRename(id: ID!, name: String!): UserPayload! }
type UserPayload { user: User userErrors: [UserError!]! }
""",
    "products": LINK
    + SHARED
    + """
type Query {
  product(upc: ID!): Product
  products(first: Int! = 5): [Product!]!
  search(text: String): [Found!]!
  things: [Thing]!
}
enum Shelf { A B C }
union Found = Book | Sofa | User
interface Thing { label: String! }
interface Product { upc: ID! name: String! price(currency: Currency = EUR): Int shelf: Shelf }
enum Currency { EUR JPY }
type Size @shareable { width: Int! height: Int! }
type Book implements Product & Thing @key(fields: "upc") {
  upc: ID! name: String! price(currency: Currency = EUR): Int shelf: Shelf label: String! pages: Int! size: Size
  author: User isbn: String @inaccessible
}
type Sofa implements Product & Thing @key(fields: "upc") @key(fields: "maker { code } model") {
  upc: ID! name: String! price(currency: Currency = EUR): Int shelf: Shelf label: String! size: Size!
  maker: Maker! model: String! weight: Int
}
type Maker { code: ID! country: String }
type User @key(fields: "id", resolvable: false) { id: ID! }
type Mutation { productRename(upc: ID!, name: String!): ProductPayload! }
type ProductPayload { product: Product userErrors: [UserError!]! }
type TooLong implements UserError { code: String! message: String! limit: Int! }
""",
    "inventory": LINK
    + """
type Query { warehouse: Warehouse! }
type Warehouse @shareable { city: String! sofas: [Sofa!]! best: Sofa @provides(fields: "name size { width }") }
type Size @shareable { width: Int! height: Int! }
enum Currency { EUR JPY }
type Maker { code: ID! }
type Book @key(fields: "upc") {
  upc: ID! price(currency: Currency = EUR): Int @external inStock: Int! shipping: Int @requires(fields: "price")
}
type Sofa @key(fields: "maker { code } model") {
  maker: Maker! model: String! name: String! @external weight: Int @external size: Size! @external
  inStock: Int! shipping: Int @requires(fields: "weight size { width height }")
}
""",
    "reviews": LINK
    + SHARED
    + """
type Query { review(id: ID!): Review reviews(first: Int! = 4): [Review!]! }
interface Product { upc: ID! reviews(first: Int = 2): [Review!]! }
type Book implements Product @key(fields: "upc") {
  upc: ID! shipping: Int @external reviews(first: Int = 2): [Review!]! bargain: String @requires(fields: "shipping")
}
type Sofa implements Product @key(fields: "upc") { upc: ID! reviews(first: Int = 2): [Review!]! }
type User @key(fields: "email") {
  email: String! name: String! @external reviews: [Review!]!
}
type Review @key(fields: "id") {
  id: ID! body: String! stars: Int product: Product! author: User @provides(fields: "name")
}
type Mutation { reviewAdd(upc: ID!, body: String!): ReviewPayload! }
type ReviewPayload { review: Review userErrors: [UserError!]! }
""",
}
DIRECTIVES = """
scalar _Any
scalar FieldSet
directive @link(url: String!, import: [String]) repeatable on SCHEMA
directive @key(fields: FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
directive @external on FIELD_DEFINITION
directive @requires(fields: FieldSet!) on FIELD_DEFINITION
directive @provides(fields: FieldSet!) on FIELD_DEFINITION
directive @shareable repeatable on FIELD_DEFINITION | OBJECT
directive @inaccessible on FIELD_DEFINITION
directive @tag(name: String!) repeatable on FIELD_DEFINITION
"""


@dataclass(frozen=True)
class Ref:
    """An object of the world: `told` is what its subgraph was told of it, `given` what it may give besides its own."""

    type_name: str
    id: str
    told: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()


class World:
    """The data, and the functions of it that any subgraph or the monolith computes alike."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, dict[str, Any]]] = {
            "User": {
                f"u{i}": {
                    "id": f"u{i}",
                    "email": f"u{i}@shop",
                    "name": f"User {i}",
                    "nick": None if i % 2 else f"nick{i}",
                    "address": {"street": f"{i} Street", "city": None if i == 1 else "Kobe"},
                    "friends": [Ref("User", f"u{(i + 1) % 4}"), Ref("User", f"u{(i + 2) % 4}")],
                    "friend": None if i == 3 else Ref("User", f"u{i + 1}"),
                    "reviews": [Ref("Review", f"r{n}") for n in range(8) if n % 4 == i],
                }
                for i in range(4)
            },
            "Book": {f"b{i}": self._product("Book", f"b{i}", i) for i in range(3)},
            "Sofa": {f"s{i}": self._product("Sofa", f"s{i}", i) for i in range(3)},
            "Review": {
                f"r{n}": {
                    "id": f"r{n}",
                    "body": f"Body {n}",
                    "stars": n % 6 or None,
                    "product": Ref("Book", f"b{n % 3}") if n % 2 else Ref("Sofa", f"s{n % 3}"),
                    "author": None if n == 5 else Ref("User", f"u{n % 4}"),
                }
                for n in range(8)
            },
        }

    def _product(self, type_name: str, upc: str, i: int) -> dict[str, Any]:
        return {
            "upc": upc,
            "name": f"{type_name} {i}",
            "shelf": "ABC"[i] if i else None,
            "label": f"Label {upc}",
            "pages": 100 + i,
            "size": None if upc == "b1" else {"width": 10 * (i + 1), "height": i + 1},
            "author": None if i == 2 else Ref("User", f"u{i}"),
            "isbn": f"isbn-{upc}",
            "maker": {"code": f"m{i % 2}", "country": "JP" if i else None},
            "model": f"model {i}",
            "weight": None if i == 1 else 7 + i,
            "inStock": 3 * i,
        }

    def price(self, ref: Ref, currency: str = "EUR") -> int | None:
        index = int(ref.id[1:])
        return None if ref.id == "b2" else (index + 1) * (100 if currency == "EUR" else 16_000)

    def reviews_of(self, ref: Ref) -> list[Ref]:
        found = [r for r, review in self.objects["Review"].items() if review["product"].id == ref.id]
        return [Ref("Review", r) for r in found]

    def by_key(self, type_name: str, told: Mapping[str, Any]) -> Ref | None:
        for identity, values in self.objects[type_name].items():
            own = ("id", "upc", "email", "model")
            known = [k for k in own if k in told]
            same = bool(known) and all(values[k] == told[k] for k in known)
            if same and ("maker" not in told or told["maker"]["code"] == values["maker"]["code"]):
                return Ref(type_name, identity, told)
        return None


def shipping_of_book(price: int | None) -> int | None:
    return None if price is None else price // 10


def shipping_of_sofa(weight: int | None, size: Mapping[str, Any]) -> int | None:
    return None if weight is None else weight * size["width"] * size["height"]


def bargain(shipping: int | None) -> str | None:
    return "unknown" if shipping is None else "yes" if shipping < 15 else "no"


EXTERNAL = {
    ("inventory", "Book", "price"),
    ("inventory", "Sofa", "weight"),
    ("inventory", "Sofa", "size"),
    ("inventory", "Sofa", "name"),
    ("reviews", "Book", "shipping"),
    ("reviews", "User", "name"),
}
Resolver = Callable[..., Any]


class Shop:
    """Resolves any field for one subgraph, or for the monolith when `subgraph` is None."""

    def __init__(self, world: World, subgraph: str | None) -> None:
        self.world = world
        self.subgraph = subgraph

    def resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        type_name, name = info.parent_type.name, info.field_name
        if type_name in ("Query", "Mutation"):
            return getattr(self, name)(**arguments)
        if isinstance(source, Ref):
            return self._of_ref(source, type_name, name, arguments)
        return source[name]

    def _of_ref(self, ref: Ref, type_name: str, name: str, arguments: Mapping[str, Any]) -> Any:
        if (self.subgraph, type_name, name) in EXTERNAL:
            if name in ref.given:
                return self.world.objects[ref.type_name][ref.id][name]
            raise AssertionError(f"{self.subgraph} was asked for {type_name}.{name}")
        if name == "price":
            return self.world.price(ref, arguments.get("currency", "EUR"))
        if name == "reviews" and type_name != "User":
            return self.world.reviews_of(ref)[: arguments["first"]]
        if name == "shipping":
            return self._shipping(ref)
        if name == "bargain":
            return bargain(ref.told["shipping"] if self.subgraph else self._shipping(ref))
        value = self.world.objects[ref.type_name][ref.id][name]
        if (type_name, name) == ("Review", "author") and value:
            return Ref("User", value.id, given=frozenset({"name"}))
        return value

    def _shipping(self, ref: Ref) -> int | None:
        own = self.world.objects[ref.type_name][ref.id]
        if ref.type_name == "Book":
            return shipping_of_book(ref.told["price"] if self.subgraph else self.world.price(ref))
        told = ref.told if self.subgraph else own
        return shipping_of_sofa(told["weight"], told["size"])

    def me(self) -> Ref:
        return Ref("User", "u0")

    def user(self, id: str) -> Ref | None:
        return Ref("User", id) if id in self.world.objects["User"] else None

    def users(self, first: int) -> list[Ref]:
        return [Ref("User", u) for u in list(self.world.objects["User"])[:first]]

    def product(self, upc: str) -> Ref | None:
        return next((Ref(t, upc) for t in ("Book", "Sofa") if upc in self.world.objects[t]), None)

    def products(self, first: int) -> list[Ref]:
        return [Ref(t, u) for t in ("Book", "Sofa") for u in self.world.objects[t]][:first]

    def search(self, text: str | None = None) -> list[Ref]:
        return [Ref("Sofa", "s0"), Ref("User", "u2"), Ref("Book", "b1"), Ref("User", "u2")]

    def things(self) -> list[Ref | None]:
        return [Ref("Book", "b0"), None, Ref("Sofa", "s2")]

    def warehouse(self) -> dict[str, Any]:
        best = Ref("Sofa", "s1", given=frozenset({"name", "size"}))
        return {"city": "Kobe", "sofas": [Ref("Sofa", "s2"), Ref("Sofa", "s0")], "best": best}

    def review(self, id: str) -> Ref | None:
        return Ref("Review", id) if id in self.world.objects["Review"] else None

    def reviews(self, first: int) -> list[Ref]:
        return [Ref("Review", r) for r in list(self.world.objects["Review"])[:first]]

    def userRename(self, id: str, name: str) -> dict[str, Any]:  # noqa: N802
        user = self.user(id)
        if user is None:
            return {"user": None, "userErrors": [_not_found(id)]}
        self.world.objects["User"][id]["name"] = name
        return {"user": user, "userErrors": []}

    def productRename(self, upc: str, name: str) -> dict[str, Any]:  # noqa: N802
        product = self.product(upc)
        if product is None:
            return {"product": None, "userErrors": [_not_found(upc)]}
        if len(name) > 20:
            wrong = {"__typename": "TooLong", "code": "TOO_LONG", "message": "too long", "limit": 20}
            return {"product": product, "userErrors": [wrong]}
        self.world.objects[product.type_name][upc]["name"] = name
        return {"product": product, "userErrors": []}

    def reviewAdd(self, upc: str, body: str) -> dict[str, Any]:  # noqa: N802
        product = self.product(upc)
        if product is None:
            return {"review": None, "userErrors": [_not_found(upc)]}
        new = f"r{len(self.world.objects['Review'])}"
        self.world.objects["Review"][new] = {
            "id": new,
            "body": body,
            "stars": None,
            "product": product,
            "author": Ref("User", "u0"),
        }
        return {"review": Ref("Review", new), "userErrors": []}


def _not_found(identity: str) -> dict[str, Any]:
    return {"__typename": "NotFound", "code": "NOT_FOUND", "message": f"no {identity}", "id": identity}


def _type_of(value: Any, *_: Any) -> str:
    return value.type_name if isinstance(value, Ref) else value["__typename"]


def executable(sdl: str) -> GraphQLSchema:
    """A subgraph's SDL as a schema that runs, with the federation machinery that the gateway talks to."""
    schema = build_schema(DIRECTIVES + sdl)
    entities = [t.name for t in schema.type_map.values() if t.ast_node and _has_key(t.ast_node)]
    machinery = f"union _Entity = {' | '.join(entities)}\n"
    machinery += "extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
    return extend_schema(schema, parse(machinery))


def _has_key(node: Any) -> bool:
    return node.kind == "object_type_definition" and any(d.name.value == "key" for d in node.directives or ())


class InProcess:
    """A transport into one subgraph of the shop; remembers what it was asked."""

    def __init__(self, name: str, sdl: str, world: World) -> None:
        self._schema = executable(sdl)
        self._shop = Shop(world, name)
        self.asked: list[SubgraphRequest] = []
        self.headers: list[Mapping[str, str]] = []

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        self.asked.append(request)
        self.headers.append(headers)
        result = execute(
            self._schema,
            parse(request.query),
            variable_values=request.variables,
            operation_name=request.operation_name,
            field_resolver=self._resolve,
            type_resolver=_type_of,
        )
        return result.formatted  # type: ignore[union-attr,return-value]

    async def close(self) -> None:
        self.asked.clear()

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if info.field_name == "_entities":
            told = arguments["representations"]
            return [self._shop.world.by_key(t["__typename"], t) for t in told]
        return self._shop.resolve(source, info, **arguments)


class Monolith:
    """The same shop behind the public schema, executed by graphql-core."""

    def __init__(self, schema: GraphQLSchema, world: World) -> None:
        self._schema = schema
        self._shop = Shop(world, None)

    def execute(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        result = execute(
            self._schema,
            parse(query),
            variable_values=variables,
            field_resolver=self._shop.resolve,
            type_resolver=_type_of,
        )
        return dict(result.formatted)  # type: ignore[union-attr]
