"""A gateway under a contract: what is outside of it does not exist, whoever asks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.app import build_gateway, contract_of
from gateway.composer import compose
from gateway.settings import GatewaySettings
from gateway.supergraph import Supergraph
from gateway.transports import SubgraphRequest

HEAD = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"]) """
SDL = {
    "a": HEAD
    + """type Query { shown: Thing @tag(name: "partner") secret: Int }
    type Thing { name: String @tag(name: "partner") wage: Int
      cost: Int @tag(name: "partner") @tag(name: "internal") }"""
}


class Subgraph:
    """Answers what the contract lets through."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        self.asked.append(request.query)
        return {"data": {"shown": {"name": "Mug"}}}

    def subscribe(self, *_: Any) -> Any:
        raise AssertionError("nothing is subscribed to here")

    async def close(self) -> None:
        return None


def settings(tmp_path: Path) -> GatewaySettings:
    return GatewaySettings(
        data_dir=tmp_path, contract_include=frozenset({"partner"}), contract_exclude=frozenset({"internal"})
    )


async def test_only_what_is_in_the_contract_can_be_asked(tmp_path: Path) -> None:
    subgraph = Subgraph()
    app = build_gateway(settings(tmp_path), SDL, {"a": subgraph})
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:

        async def ask(query: str) -> dict[str, Any]:
            answer: dict[str, Any] = (await http.post("/graphql", json={"query": query})).json()
            return answer

        assert await ask("{ shown { name } }") == {"data": {"shown": {"name": "Mug"}}}
        for query in ("{ secret }", "{ shown { cost } }", "{ shown { wage } }"):
            assert (await ask(query))["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        shown = await ask("{ __schema { types { name fields { name } } } }")
        assert not any(word in str(shown) for word in ("'secret'", "'cost'", "'wage'"))
    assert len(subgraph.asked) == 1


def test_a_supergraphs_file_is_narrowed_likewise(tmp_path: Path) -> None:
    loaded = Supergraph.from_sdl(compose(SDL).sdl, contract_of(settings(tmp_path)))

    assert [*loaded.public_schema.type_map["Thing"].fields] == ["name"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("tags", [{}, {"contract_include": frozenset[str]()}])
def test_without_tags_there_is_no_contract(tmp_path: Path, tags: dict[str, Any]) -> None:
    assert contract_of(GatewaySettings(data_dir=tmp_path, **tags)) is None
