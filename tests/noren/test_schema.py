"""`noren schema`: the SDL in the repository is that of the code, and the public graph is what it composes to."""

from pathlib import Path

import pytest
from graphql import build_schema

from noren import schema
from noren.schema import ROOT, public_sdl, write_sdls
from noren.system import SERVICES, subgraph_sdls
from tests.noren.conftest import Place


def test_the_public_schema_is_printed_as_composed(place: Place) -> None:
    code, said = place.run("schema", "print")
    assert code == 0
    assert said == public_sdl()
    assert not place.data_dir.exists(), "printing needs no database"


def test_the_public_schema_is_one_graph_without_the_words_of_federation() -> None:
    graph = build_schema(public_sdl())
    assert {"product", "locations", "wallet", "customerLookup", "order"} <= set(graph.query_type.fields)  # type: ignore[union-attr]
    assert {"price", "availability", "pointsEarned"} <= set(graph.type_map["Variant"].fields)  # type: ignore[attr-defined]
    assert "_entities" not in public_sdl()
    assert "@key" not in public_sdl()


def test_a_subgraph_is_printed_as_it_is_committed(place: Place) -> None:
    code, said = place.run("schema", "print", "catalog")
    assert code == 0
    assert said == committed("catalog")


@pytest.mark.parametrize("name", SERVICES)
def test_the_committed_schema_is_that_of_the_code(name: str) -> None:
    assert subgraph_sdls()[name] == committed(name), "run: noren schema print --write"


def test_writing_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    for name in SERVICES:
        (tmp_path / "services" / name).mkdir(parents=True)

    assert write_sdls("loyalty") == [Path("services/loyalty/schema.graphql")]
    assert [path.name for path in tmp_path.glob("services/*/*")] == ["schema.graphql"]
    for _ in range(2):
        assert write_sdls(None) == [Path("services", name, "schema.graphql") for name in SERVICES]
        for name in SERVICES:
            assert (tmp_path / "services" / name / "schema.graphql").read_text(encoding="utf-8") == committed(name)


def committed(name: str) -> str:
    return (ROOT / "services" / name / "schema.graphql").read_text(encoding="utf-8")
