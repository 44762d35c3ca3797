"""Automatic persisted queries, as Apollo's clients speak them."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from gateway.persisted import Asked, PersistedQueries, PersistedQueryUnknown
from tests.gateway.stall import Stall, client_of, stall_gateway

QUERY = 'query Say($t: String = "暖簾") { echo(text: $t) }'
CSRF = {"x-noren-csrf": "1"}


def hashed(query: str, **told: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest(), **told}}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(stall_gateway(Stall(), tmp_path)) as client:
        yield client


async def test_a_hash_is_unknown_then_learned_then_enough(client: httpx2.AsyncClient) -> None:
    unknown = await client.post("/graphql", json={"extensions": hashed(QUERY)})
    assert unknown.json() == {
        "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]
    }
    learned = await client.post("/graphql", json={"query": QUERY, "extensions": hashed(QUERY)})
    known = await client.post("/graphql", json={"extensions": hashed(QUERY), "variables": {"t": "hi"}})
    assert (learned.json(), known.json()) == ({"data": {"echo": "暖簾"}}, {"data": {"echo": "hi"}})


async def test_a_known_hash_is_enough_by_get_too(client: httpx2.AsyncClient) -> None:
    await client.post("/graphql", json={"query": QUERY, "extensions": hashed(QUERY)})
    params = {"extensions": orjson.dumps(hashed(QUERY)).decode(), "variables": '{"t":"hi"}'}
    assert (await client.get("/graphql", params=params, headers=CSRF)).json() == {"data": {"echo": "hi"}}


async def test_a_mutation_known_by_its_hash_is_still_refused_by_get(client: httpx2.AsyncClient) -> None:
    mutation = 'mutation { sell(sku: "MUG") }'
    await client.post("/graphql", json={"query": mutation, "extensions": hashed(mutation)})
    params = {"extensions": orjson.dumps(hashed(mutation)).decode()}
    assert (await client.get("/graphql", params=params, headers=CSRF)).status_code == 405


@pytest.mark.parametrize(
    ("extensions", "problem"),
    [
        ({"persistedQuery": 1}, "extensions.persistedQuery: expected an object"),
        (hashed(QUERY, version=2), "extensions.persistedQuery.version: expected 1"),
        (hashed(QUERY, sha256Hash="x"), "extensions.persistedQuery.sha256Hash: expected 64"),
        (hashed(QUERY, sha256Hash=None), "extensions.persistedQuery.sha256Hash: expected 64"),
        (hashed("{ caller }"), "extensions.persistedQuery.sha256Hash: is not the SHA-256"),
    ],
)
async def test_a_wrong_extension_is_400_and_says_where(
    client: httpx2.AsyncClient, extensions: dict[str, Any], problem: str
) -> None:
    answer = await client.post("/graphql", json={"query": QUERY, "extensions": extensions})
    assert (answer.status_code, answer.json()["errors"][0]["message"][: len(problem)]) == (400, problem)


@pytest.mark.parametrize("query", ["{ nothing }", "{ echo("])
async def test_a_query_that_is_refused_is_not_kept(client: httpx2.AsyncClient, query: str) -> None:
    await client.post("/graphql", json={"query": query, "extensions": hashed(query)})
    again = await client.post("/graphql", json={"extensions": hashed(query)})
    assert again.json()["errors"][0]["message"] == "PersistedQueryNotFound"


def test_the_queries_kept_are_bounded_in_number_and_size() -> None:
    kept = PersistedQueries(queries=3, characters=100)
    for number in range(10):
        query = f"{{ a{number} }}"
        kept.remember(Asked(query, sha256(query.encode()).hexdigest()))
    assert len(kept) == 3
    assert kept.complete({"extensions": hashed("{ a9 }")}).query == "{ a9 }"
    with pytest.raises(PersistedQueryUnknown):
        kept.complete({"extensions": hashed("{ a1 }")})
    long = "{ " + "a" * 100 + " }"
    kept.remember(Asked(long, sha256(long.encode()).hexdigest()))
    assert len(kept) == 3
