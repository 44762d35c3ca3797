"""What comes from another service may be missing: fields that cross a border are nullable.

A non-null field that its service cannot answer would null its parent, which another service has answered: a stopped
loyalty service would take the product's price with it.
"""

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema, build_schema, get_named_type

from tests.architecture.tree import ROOT, SERVICES

OWNERS = {
    "Product": "catalog",
    "Variant": "catalog",
    "Design": "catalog",
    "Location": "inventory",
    "Wallet": "loyalty",
    "RewardClaim": "loyalty",
    "Customer": "customer",
    "Order": "order",
    "OrderReturn": "order",
}
"""Of every entity, as ARCHITECTURE.md and the design have it."""


by_service = pytest.mark.parametrize("service", SERVICES)


def _read(service: str) -> GraphQLSchema:
    sdl = (ROOT / "services" / service / "schema.graphql").read_text(encoding="utf-8")
    return build_schema(sdl, assume_valid=True, assume_valid_sdl=True)


def _objects(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [type for type in schema.type_map.values() if isinstance(type, GraphQLObjectType)]


def _is_entity(type: GraphQLObjectType) -> bool:
    node = type.ast_node
    return node is not None and any(directive.name.value == "key" for directive in node.directives or ())


def _keys(type: GraphQLObjectType) -> set[str]:
    """The fields that a reference brings along, those of compound keys too; no key here is nested."""
    assert type.ast_node is not None
    return {
        name
        for directive in type.ast_node.directives or ()
        if directive.name.value == "key"
        for argument in directive.arguments or ()
        if argument.name.value == "fields"
        for name in argument.value.value.split()  # type: ignore[attr-defined]
    }


def non_null_across(service: str, schema: GraphQLSchema) -> list[str]:
    """Fields that cross the service's border and promise never to be null."""
    found: list[str] = []
    for type in _objects(schema):
        foreign = _is_entity(type) and OWNERS[type.name] != service
        for name, field in type.fields.items():
            extends = foreign and name not in _keys(type)
            refers = OWNERS.get(get_named_type(field.type).name, service) != service
            if (extends or refers) and isinstance(field.type, GraphQLNonNull):
                found.append(f"{type.name}.{name}")
    return found


@by_service
def test_fields_across_a_border_are_nullable(service: str) -> None:
    assert non_null_across(service, _read(service)) == []


def test_the_rule_finds_what_it_forbids() -> None:
    schema = build_schema(
        """directive @key(fields: String!) repeatable on OBJECT
           type Query { order: Order! } type Order @key(fields: "id") { id: ID! customer: Customer! lines: [Line!]! }
           type Line { sku: ID! } type Customer @key(fields: "id") { id: ID! orders: [Order!]! wallet: Int }""",
        assume_valid=True,
    )
    assert non_null_across("order", schema) == ["Order.customer", "Customer.orders"]


@by_service
def test_every_entity_has_an_owner(service: str) -> None:
    assert {type.name for type in _objects(_read(service)) if _is_entity(type)} <= set(OWNERS)
