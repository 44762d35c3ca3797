"""What the gateway takes of one client: document, cost, rate, operations it was built with; each refusal by code."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from gateway.accept import GRAPHQL_JSON
from gateway.limit_settings import LimitSettings
from gateway.safelist import Safelist, SafelistRefused
from tests.gateway.stall import Stall, client_of, stall_gateway

KEY = "key-of-the-till"
KEYS = ({"name": "till", "sha256": sha256(KEY.encode()).hexdigest()},)
BY_KEY = {"authorization": f"Bearer {KEY}", "accept": GRAPHQL_JSON}
ECHO = '{ echo(text: "hi") }'


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("setting", "query"),
    [
        ({"max_document_bytes": 100}, "{ caller } #" + "x" * 100),
        ({"max_document_bytes": 100}, '{ echo(text: "' + "暖" * 40 + '") }'),
        ({"max_tokens": 5}, "{ caller caller caller caller }"),
        ({"max_depth": 1}, "{ __schema { types { name } } }"),
        ({"max_aliases": 1}, "{ a: caller b: caller }"),
        ({"max_root_fields": 1}, "{ caller broken }"),
    ],
)
async def test_a_document_past_a_limit_of_the_operators_is_refused(
    tmp_path: Path, setting: dict[str, int], query: str
) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, **setting)) as client:
        answer = await client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL_JSON})
    assert (answer.status_code, code_of(answer)) == (400, "OPERATION_TOO_COMPLEX")
    assert str(next(iter(setting.values()))) in answer.json()["errors"][0]["message"]


async def test_an_operation_that_costs_too_much_is_refused(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, max_cost=15)) as client:
        fine = await client.post("/graphql", json={"query": 'mutation { sell(sku: "A") }'})
        dear = await client.post("/graphql", json={"query": 'mutation { sell(sku: "A") b: sell(sku: "B") }'})
    assert fine.json()["data"] == {"sell": "A"}
    assert code_of(dear) == "COST_TOO_HIGH"
    assert "20 points" in dear.json()["errors"][0]["message"]


async def test_who_asks_is_told_what_an_operation_cost(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, api_keys=KEYS, rate_per_s=1, rate_burst=50_000)) as client:
        query = {"query": 'mutation { sell(sku: "A") }'}
        told = await client.post("/graphql", json=query, headers={**BY_KEY, "x-noren-cost": "1"})
        untold = await client.post("/graphql", json=query, headers=BY_KEY)
    assert told.json()["extensions"] == {"cost": {"requested": 10, "actual": 10, "left": 49_990}}
    assert "extensions" not in untold.json()


async def test_a_caller_that_spends_too_much_is_told_when_to_come_back(tmp_path: Path) -> None:
    limits = {"api_keys": KEYS, "rate_per_s": 1.0, "rate_burst": 25, "max_cost": 25, "rate_customer_per_s": 0}
    async with client_of(stall_gateway(Stall(), tmp_path, **limits)) as client:
        for _ in range(2):
            await client.post("/graphql", json={"query": 'mutation { sell(sku: "A") }'}, headers=BY_KEY)
        answer = await client.post("/graphql", json={"query": 'mutation { sell(sku: "A") }'}, headers=BY_KEY)
        free = await client.post("/graphql", json={"query": ECHO}, headers=BY_KEY)
    assert (answer.status_code, code_of(answer)) == (429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert answer.json()["errors"][0]["extensions"]["cost"]["requested"] == 10
    assert free.status_code == 200


async def test_a_customer_has_a_bucket_of_its_own(tmp_path: Path) -> None:
    limits = {"api_keys": KEYS, "rate_customer_per_s": 1.0, "rate_customer_burst": 10, "max_cost": 10}
    sell = {"query": 'mutation { sell(sku: "A") }'}
    async with client_of(stall_gateway(Stall(), tmp_path, **limits)) as client:
        statuses = [
            (await client.post("/graphql", json=sell, headers={**BY_KEY, "x-noren-customer": customer})).status_code
            for customer in ("cus_1", "cus_1", "cus_2")
        ]
    assert statuses == [200, 429, 200]


async def test_the_development_caller_is_not_limited(tmp_path: Path) -> None:
    limits = {"rate_per_s": 1.0, "rate_burst": 10, "max_cost": 10}
    async with client_of(stall_gateway(Stall(), tmp_path, **limits)) as client:
        for _ in range(3):
            assert (await client.post("/graphql", json={"query": 'mutation { sell(sku: "A") }'})).status_code == 200


LISTED = "query Listed($t: String!) { echo(text: $t) }"


@pytest.mark.parametrize(
    "content",
    [
        {"listed-1": LISTED},
        {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "listed-1", "body": LISTED}]},
    ],
    ids=["by id", "manifest"],
)
async def test_a_key_may_be_held_to_the_operations_its_client_was_built_with(tmp_path: Path, content: Any) -> None:
    file = tmp_path / "operations.json"
    file.write_bytes(orjson.dumps(content))
    limits = {"api_keys": KEYS, "safelist": file, "safelist_for": {"till"}}
    variables = {"variables": {"t": "hi"}}
    digest = sha256(LISTED.encode()).hexdigest()
    async with client_of(stall_gateway(Stall(), tmp_path, **limits)) as client:

        async def ask(envelope: dict[str, Any]) -> tuple[int, Any]:
            answer = await client.post("/graphql", json={**variables, **envelope}, headers=BY_KEY)
            return answer.status_code, answer.json().get("data") or code_of(answer)

        persisted = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
        assert await ask({"query": LISTED}) == (200, {"echo": "hi"})
        assert await ask({"documentId": "listed-1"}) == (200, {"echo": "hi"})
        assert await ask({"documentId": "listed-2"}) == (400, "PERSISTED_QUERY_NOT_FOUND")
        assert await ask({"query": ECHO}) == (403, "OPERATION_NOT_SAFELISTED")
        assert await ask({"query": LISTED + " "}) == (403, "OPERATION_NOT_SAFELISTED")
        assert await ask(persisted) == (200, {"echo": "hi"})
        assert await ask({"documentId": f"sha256:{digest}"}) == (200, {"echo": "hi"})


@pytest.mark.parametrize("content", [b"[", b"[]", b'{"a": 1}', b'{"operations": [1]}', b"\xff"])
def test_a_file_that_is_no_list_of_operations_stops_the_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "operations.json"
    file.write_bytes(content)
    with pytest.raises(SafelistRefused, match=r"operations\.json"):
        Safelist.read(file, frozenset())


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"rate_burst": 10}, "NOREN_RATE_BURST"),
        ({"rate_customer_burst": 10}, "NOREN_RATE_CUSTOMER_BURST"),
        ({"safelist_for": {"till"}}, "NOREN_SAFELIST"),
    ],
)
def test_limits_that_contradict_one_another_stop_the_start(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        LimitSettings(**settings)


async def test_without_introspection_errors_hint_at_nothing(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, introspection=False)) as client:
        for query in ("{ calle }", "{ echo(txt: 1) }", "{ __schema { types { name } } }"):
            answer = await client.post("/graphql", json={"query": query})
            assert code_of(answer) == "GRAPHQL_VALIDATION_FAILED"
            assert "Did you mean" not in answer.text
