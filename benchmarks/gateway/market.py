"""The public gateways benchmark's case: four subgraphs, their data, one deep query.

The shape is that benchmark's (graphql-hive/graphql-gateways-benchmark, MIT): 6 users, 9 products with their stock, 11
reviews all written by the first user, whose own reviews are the first two. Names and texts are our own, texts of the
same lengths, so that the answer weighs the same 87 kB.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLResolveInfo

QUERY = """
fragment User on User { id username name }
fragment Review on Review { id body }
fragment Product on Product { inStock name price shippingEstimate upc weight }
query TestQuery {
  users { ...User reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews {
    ...Review product { ...Product } } } } } } }
  topProducts { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } }
}
"""
_LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.3",
  import: ["@key", "@external", "@requires", "@provides", "@shareable"])
"""
SDL: Mapping[str, str] = {
    "accounts": f"""{_LINK}
type Query {{ me: User user(id: ID!): User users: [User] }}
type User @key(fields: "id") {{ id: ID! name: String username: String @shareable birthday: Int }}
""",
    "inventory": f"""{_LINK}
type Product @key(fields: "upc") {{
  upc: String! weight: Int @external price: Int @external
  inStock: Boolean shippingEstimate: Int @requires(fields: "price weight")
}}
""",
    "products": f"""{_LINK}
type Query {{ topProducts(first: Int = 5): [Product] }}
type Product @key(fields: "upc") {{ upc: String! name: String price: Int weight: Int }}
""",
    "reviews": f"""{_LINK}
type Review @key(fields: "id") {{
  id: ID! body: String product: Product author: User @provides(fields: "username")
}}
type User @key(fields: "id") {{ id: ID! username: String @external reviews: [Review] }}
type Product @key(fields: "upc") {{ upc: String! reviews: [Review] }}
""",
}

_TEXT_LENGTHS = (445, 291, 277, 147, 445, 291, 277, 147, 147, 147, 850)
_OF_PRODUCT = (1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4)
_WORDS = "bright curtain at the door of a quiet shop where tea and cups and cloth wait on the shelf for you "
_GOODS = (("Table", 899, 100), ("Couch", 1299, 1000), ("Glass", 15, 20), ("Chair", 499, 100), ("Shelf", 1299, 1000),
          ("Lamp", 6999, 300), ("Stove", 3999, 2000), ("Cupboard", 100_000, 6000), ("Sofa", 9999, 800))  # fmt: skip
_IN_STOCK = frozenset({"1", "5", "6", "7", "9"})

USERS: Mapping[str, Any] = {
    str(n): {"__typename": "User", "id": str(n), "name": f"Person Number {n}", "username": f"person{n}", "birthday": n}
    for n in range(1, 7)
}
PRODUCTS: Mapping[str, Any] = {
    str(n): {"__typename": "Product", "upc": str(n), "name": name, "price": price, "weight": weight}
    for n, (name, price, weight) in enumerate(_GOODS, 1)
}
REVIEWS: Mapping[str, Any] = {
    str(n): {
        "__typename": "Review",
        "id": str(n),
        "body": (_WORDS * 9)[:length],
        "product": {"__typename": "Product", "upc": str(upc)},
        "author": {"__typename": "User", "id": "1", "username": "person1"},
    }
    for n, (length, upc) in enumerate(zip(_TEXT_LENGTHS, _OF_PRODUCT, strict=True), 1)
}


def root(service: str) -> Mapping[str, Any]:
    """Root fields of a subgraph, as graphql-core's default resolver takes them."""
    return {
        "accounts": {
            "me": USERS["1"],
            "users": list(USERS.values()),
            "user": lambda _, id: USERS.get(id),
        },
        "products": {"topProducts": lambda _, first: list(PRODUCTS.values())[:first]},
    }.get(service, {})


def entity(service: str, told: Mapping[str, Any]) -> Any:
    """One object of `_entities`, with what the subgraph knows of it."""
    kind = told["__typename"]
    if kind == "Review":
        return REVIEWS.get(told["id"])
    if kind == "User":
        return USERS.get(told["id"]) if service == "accounts" else {**told, "reviews": list(REVIEWS.values())[:2]}
    if service == "products":
        return PRODUCTS.get(told["upc"])
    if service == "inventory":
        return {**told, "inStock": told["upc"] in _IN_STOCK, "shippingEstimate": _shipping(told)}
    return {**told, "reviews": [review for review in REVIEWS.values() if review["product"]["upc"] == told["upc"]]}


def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Fields of plain dictionaries. A review's product and author have reviews of their own, made when asked for."""
    value = source.get(info.field_name)
    if value is None and info.field_name == "reviews":
        return entity("reviews", source)["reviews"]
    return value(info, **arguments) if callable(value) else value


def _shipping(told: Mapping[str, Any]) -> int | None:
    price, weight = told.get("price"), told.get("weight")
    if price is None:
        return None
    if price > 1000:
        return 0
    return weight // 2 if weight is not None else None
