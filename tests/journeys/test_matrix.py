"""Every root field of the graph with every kind of wrong caller: refused by the gateway, and by the service itself."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputType,
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from gateway.composer import compose
from gateway.settings import DEVELOPMENT_SCOPES
from gateway.supergraph import Supergraph
from gateway.supergraph.access import Rule
from kit.app import Service
from kit.context import CONTEXT_HEADER, RequestContext
from noren.sample.files import Sample
from noren.system import subgraph_sdls
from tests.journeys.conftest import Graph

SEED = 20261125
OTHERS = 2
"""Other single scopes that each field is tried with, drawn anew for each; all of them would be 6,000 requests."""
LITERALS = {
    "Int": "1",
    "Float": "1.5",
    "Boolean": "true",
    "Decimal": '"1"',
    "DateTime": '"2026-11-25T00:00:00Z"',
    "Date": '"2026-11-25"',
    "CurrencyCode": '"JPY"',
    "JSON": "{}",
}
"""Something that each scalar takes; the others take any text."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A root field and the scopes that it demands of everybody."""

    root: str
    name: str
    scopes: frozenset[str]
    document: str
    service: str


@pytest.fixture(scope="module")
def supergraph() -> Supergraph:
    return compose(subgraph_sdls())


def literal(kind: GraphQLInputType) -> str:
    """The smallest value that a type takes."""
    if is_non_null_type(kind):
        return literal(kind.of_type)
    if is_list_type(kind):
        return f"[{literal(kind.of_type)}]"
    if is_enum_type(kind):
        return next(iter(kind.values))
    if is_input_object_type(kind):
        if kind.is_one_of:
            name, field = next(iter(kind.fields.items()))
            return f"{{{name}: {literal(field.type)}}}"
        needed = [f"{n}: {literal(f.type)}" for n, f in kind.fields.items() if is_non_null_type(f.type)]
        return f"{{{', '.join(needed)}}}"
    return LITERALS.get(kind.name, '"x"')  # type: ignore[union-attr] # a scalar


def document(root: str, name: str, field: GraphQLField) -> str:
    given = [f"{n}: {literal(a.type)}" for n, a in field.args.items() if is_non_null_type(a.type)]
    named: Any = field.type
    while hasattr(named, "of_type"):
        named = named.of_type
    below = "" if is_leaf_type(named) else " { __typename }"
    arguments = f"({', '.join(given)})" if given else ""
    return f"{root.lower()} {{ {name}{arguments}{below} }}"


def root_fields(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    for root in (schema.query_type, schema.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            yield root.name, name, field


def guarded(supergraph: Supergraph) -> list[Guarded]:
    found = []
    for root, name, field in root_fields(supergraph.public_schema):
        rule = supergraph.rules.fields.get(root, {}).get(name)
        if rule:
            scopes = scopes_of(rule)
            found.append(Guarded(root, name, scopes, document(root, name, field), owner(supergraph, root, name)))
    return found


def scopes_of(rule: Rule) -> frozenset[str]:
    return frozenset(atom.removeprefix("scope:") for clause in rule for part in clause for atom in part)


def owner(supergraph: Supergraph, root: str, name: str) -> str:
    return next(s.name for s in supergraph.subgraphs.values() if s.resolves(root, name))


def wrong(scopes: frozenset[str], chance: random.Random) -> Sequence[frozenset[str]]:
    """None at all, all but one that is needed, and some others alone."""
    others = chance.sample(sorted(DEVELOPMENT_SCOPES - scopes), OTHERS)
    return [frozenset(), *(DEVELOPMENT_SCOPES - {one} for one in sorted(scopes)), *(frozenset({one}) for one in others)]


def test_much_of_the_graph_demands_something(supergraph: Supergraph) -> None:
    roots = Counter(field.root for field in guarded(supergraph))

    assert roots["Mutation"] > 80
    assert roots["Query"] > 20


async def test_the_gateway_refuses_every_wrong_caller(graph: Graph, supergraph: Supergraph) -> None:
    chance, let_through = random.Random(SEED), []
    for field in guarded(supergraph):
        for held in wrong(field.scopes, chance):
            answer = await graph.ask(field.document, {"x-noren-scopes": " ".join(sorted(held))})
            told = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
            if told != [([field.name], "UNAUTHORIZED_FIELD_OR_TYPE")] or (answer["data"] or {}).get(field.name):
                let_through.append((field.name, sorted(held), answer))
    assert let_through == []


async def test_the_service_refuses_every_wrong_caller(services: Mapping[str, Service], supergraph: Supergraph) -> None:
    chance, let_through = random.Random(SEED), []
    for field in guarded(supergraph):
        for held in wrong(field.scopes, chance):
            answer = await straight(services[field.service], field.document, RequestContext("web", scopes=held))
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            if codes != {"FORBIDDEN"} or (answer.get("data") or {}).get(field.name):
                let_through.append((field.name, sorted(held), answer))
    assert let_through == []


async def test_nobody_in_particular_changes_nothing(services: Mapping[str, Service], supergraph: Supergraph) -> None:
    """What no scope guards is guarded by whose it is: a caller without scope and customer succeeds at none of it."""
    done = []
    for root, name, field in root_fields(supergraph.public_schema):
        if root != "Mutation" or name in supergraph.rules.fields["Mutation"]:
            continue
        text = document(root, name, field).replace("__typename", "userErrors { code }")
        answer = await straight(services[owner(supergraph, root, name)], text, RequestContext("web"))
        if "errors" not in answer and not answer["data"][name]["userErrors"]:
            done.append((name, answer))
    assert done == []


async def straight(
    service: Service, query: str, caller: RequestContext, variables: dict[str, Any] | None = None
) -> dict[str, Any]:
    token = service.subgraph.signer.sign(caller)
    return await service.execute(query, variables, None, {CONTEXT_HEADER: token})


async def entities(services: Mapping[str, Service], sample: Sample) -> dict[str, dict[str, str]]:
    """A real object of each entity that has guarded fields."""
    everybody = RequestContext("web", scopes=DEVELOPMENT_SCOPES)
    found = {"Variant": {"sku": sample.variants[0].sku}}
    for type_name, service, field in (("Location", "inventory", "locations"), ("Customer", "customer", "customers")):
        answer = await straight(services[service], f"{{ {field}(first: 1) {{ nodes {{ id }} }} }}", everybody)
        (found[type_name],) = answer["data"][field]["nodes"]
    return found


async def test_a_guarded_field_of_a_real_object_is_refused_too(
    services: Mapping[str, Service], supergraph: Supergraph, sample: Sample
) -> None:
    chance, let_through, tried = random.Random(SEED), [], 0
    for type_name, key in (await entities(services, sample)).items():
        declared: Any = supergraph.public_schema.type_map[type_name]
        for name, rule in supergraph.rules.fields[type_name].items():
            service = owner(supergraph, type_name, name)
            field = document("query", name, declared.fields[name]).removeprefix("query { ").removesuffix(" }")
            query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {type_name} {{ {field} }} }} }}"
            told = {"r": [{"__typename": type_name, **key}]}
            for held in wrong(scopes_of(rule), chance):
                answer = await straight(services[service], query, RequestContext("web", scopes=held), told)
                codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
                (entity,) = answer["data"]["_entities"]
                tried += 1
                if codes != {"FORBIDDEN"} or (entity or {}).get(name) is not None:
                    let_through.append((type_name, name, sorted(held), answer))
    assert let_through == []
    assert tried > 10
