"""`noren explain` and the checks of `noren schema`, as a person at a terminal has them."""

import json
from pathlib import Path

from gateway.supergraph import Supergraph
from noren.queries import JOURNEY
from noren.schema import check_schema, public_sdl
from tests.noren.conftest import Place


def test_a_query_is_explained_by_its_fetches(place: Place, tmp_path: Path) -> None:
    query = tmp_path / "journey.graphql"
    query.write_text(JOURNEY.query, encoding="utf-8")
    code, said = place.run("explain", str(query), "--variables", json.dumps(JOURNEY.variables))
    assert code == 0
    fetches = [line for line in said.splitlines() if line[:1].isdigit()]
    assert [line.split()[1] for line in fetches] == ["catalog", "customer", "inventory", "loyalty", "order"]


def test_an_operation_is_shown_as_the_code_it_becomes(place: Place, tmp_path: Path) -> None:
    query = tmp_path / "product.graphql"
    query.write_text('{ product(slug: "a") { name } }', encoding="utf-8")
    code, said = place.run("explain", str(query), "--compiled", "catalog")
    assert code == 0
    compile(said, "explained", "exec")
    assert "Product.name: String!" in said


def test_a_query_that_is_refused_is_so_in_one_line(place: Place, tmp_path: Path) -> None:
    query = tmp_path / "nope.graphql"
    query.write_text("{ nope }", encoding="utf-8")
    code, said = place.run("explain", str(query))
    assert code == 1
    assert said.strip() == "Cannot query field 'nope' on type 'Query'."


def test_the_composed_supergraph_loads_again(place: Place) -> None:
    code, said = place.run("schema", "compose")
    assert code == 0
    assert check_schema(Supergraph.from_sdl(said).public_sdl, public_sdl()) == ()


def test_a_file_that_is_not_there_is_named(place: Place) -> None:
    code, said = place.run("schema", "compose", "content=nowhere.graphql")
    assert code == 1
    assert "content=nowhere.graphql" in said
    assert "Traceback" not in said


def test_a_breaking_change_is_told_by_field_and_exit_code(place: Place, tmp_path: Path) -> None:
    old, new = tmp_path / "old.graphql", tmp_path / "new.graphql"
    old.write_text("type Query { a: Int! b: Int }", encoding="utf-8")
    new.write_text("type Query { a: Int b: Int c: Int }", encoding="utf-8")
    code, said = place.run("schema", "check", str(old), str(new))
    assert code == 1
    assert [line.split(":")[:2] for line in said.splitlines()] == [["breaking", " Query.a"], ["safe", " Query.c"]]
    assert place.run("schema", "check", str(old), str(old)) == (0, "")
