"""The Python contenders: a name, and what executes an operation to the bytes of its answer."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from inspect import isawaitable
from pathlib import Path
from typing import Any

import orjson
from graphql import DocumentNode, GraphQLSchema, build_schema, execute, parse, validate

from benchmarks.execution.shop import ALL, schema
from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.graphql.schema import Schema
from kit.subgraph import Subgraph

Execute = Callable[[str, dict[str, Any] | None, str | None, Mapping[str, str]], Awaitable[dict[str, Any]]]
SIGNER = ContextSigner(b"benchmark" * 8)
SDL = Path(__file__).with_name("schema.graphql")


def camel(value: Any) -> Any:
    """The data as plain dicts with the schema's names: what graphql-core and Node serve."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not hasattr(value, "__dict__"):
        return value
    return {_camel_name(name): camel(item) for name, item in vars(value).items()}


def _camel_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def ours() -> Execute:
    """Kit's subgraph as services run it."""
    return Subgraph("shop", schema, SIGNER, lambda caller: caller).execute


def strawberry() -> Execute:
    """The same with the compiler left out."""

    class Uncompiled(Schema):
        compiles = False  # type: ignore[assignment]

    known = schema
    plain = Uncompiled.__new__(Uncompiled)
    plain.__dict__.update(known.__dict__)
    plain.__dict__.pop("compiles", None)
    return Subgraph("shop", plain, SIGNER, lambda caller: caller).execute


def graphql_core() -> Execute:
    """graphql-core over dicts with its default resolvers; documents are parsed and validated once."""
    core: GraphQLSchema = build_schema(SDL.read_text())
    products = camel(ALL)
    by_id = {each["id"]: each for each in products}

    async def all_products(_source: Any, _info: Any, first: int) -> Any:
        return products[:first]

    async def one(_source: Any, _info: Any, id: str) -> Any:
        return by_id.get(id)

    async def entities(_source: Any, _info: Any, representations: list[dict[str, Any]]) -> Any:
        return [by_id[each["id"]] for each in representations]

    query = core.query_type
    assert query is not None  # schema.graphql has one
    query.fields["products"].resolve, query.fields["product"].resolve = all_products, one
    query.fields["_entities"].resolve = entities
    core.type_map["_Entity"].resolve_type = lambda *_: "Product"  # type: ignore[attr-defined]
    core.type_map["Variant"].fields["stock"].resolve = lambda source, _: {  # type: ignore[attr-defined]
        "onHand": source["position"] * 7,
        "available": source["position"] * 5,
    }

    @lru_cache(512)
    def known(text: str) -> DocumentNode:
        document = parse(text)
        problems = validate(core, document)
        if problems:
            raise problems[0]
        return document

    async def run(text: str, variables: Any, operation: str | None, headers: Mapping[str, str]) -> dict[str, Any]:
        result = execute(core, known(text), None, None, variables, operation)
        done: Any = await result if isawaitable(result) else result
        return {"data": done.data} if not done.errors else {"data": done.data, "errors": done.errors}

    return run


CONTENDERS: dict[str, Callable[[], Execute]] = {
    "Strawberry": strawberry,
    "graphql-core": graphql_core,
    "Noren": ours,
}


def fresh_headers() -> dict[str, str]:
    """Of a caller, signed now: a context lives for a minute."""
    return {CONTEXT_HEADER: SIGNER.sign(RequestContext(channel="web"))}


async def answer(execute_one: Execute, query: str, variables: dict[str, Any], headers: dict[str, str]) -> bytes:
    """One request, to the bytes of its answer."""
    return orjson.dumps(await execute_one(query, variables, None, headers))
