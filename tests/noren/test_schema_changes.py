"""`noren schema`: checks between two schemas, and the services' graph as a supergraph and as a contract."""

from pathlib import Path

import pytest

from gateway.composer import compose
from gateway.supergraph import Supergraph
from noren.schema import UnreadableSchema, breaks, check_schema, compose_supergraph, contract, public_sdl
from tests.gateway.test_supergraph import TAGGED
from tests.noren.conftest import Place

OLD = """
type Query { a(x: Int): Int! b: E gone: Int same: String node: N }
enum E { A B } input I { x: Int } interface N { id: ID } type T implements N { id: ID kept: Int }
"""
NEW = """
type Query { a(x: Int, y: Int, z: Int!): Int b: E same: String @deprecated(reason: "use a") node: N added(i: I): T }
enum E { A B C } input I { x: Int y: Int } interface N { id: ID } type T implements N { id: ID! kept: String }
"""


def levels(old: str, new: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for change in check_schema(old, new):
        found.setdefault(change.level, set()).add(change.at)
    return found


def test_changes_are_told_by_level_and_field() -> None:
    assert levels(OLD, NEW) == {
        "breaking": {"Query.a", "Query.a(z:)", "Query.gone", "T.kept"},
        "dangerous": {"Query.a(y:)", "E.C", "I.y"},
        "safe": {"Query.added", "Query.same", "T.id"},
    }


def test_breaking_changes_come_first_and_say_what_happened() -> None:
    changes = check_schema(OLD, NEW)
    assert [change.level for change in changes] == sorted(
        (change.level for change in changes), key=("breaking", "dangerous", "safe").index
    )
    assert str(changes[0]).startswith("breaking: Query.a: Field Query.a changed type from Int! to Int")
    assert breaks(changes)


def test_the_same_schema_has_no_changes() -> None:
    assert check_schema(OLD, OLD) == ()
    assert not breaks(check_schema(OLD, OLD.replace("gone: Int", "gone: Int more: Int")))


def test_a_supergraph_is_compared_by_what_clients_see() -> None:
    supergraph = compose(TAGGED)
    assert check_schema(supergraph.sdl, supergraph.public_sdl) == ()
    narrowed = contract(TAGGED, include=["partner"]).public_sdl
    assert "Query.closed" in {change.at for change in check_schema(supergraph.sdl, narrowed)}


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(UnreadableSchema):
        check_schema("type Query {", OLD)


def test_the_services_make_a_supergraph_that_loads() -> None:
    composed = compose_supergraph(urls={"catalog": "http://127.0.0.1:8001/graphql"})
    loaded = Supergraph.from_sdl(composed.sdl)
    assert loaded.urls == {"catalog": "http://127.0.0.1:8001/graphql"}
    assert check_schema(loaded.public_sdl, public_sdl()) == ()


def files_of(sdls: dict[str, str], folder: Path) -> list[str]:
    given = []
    for name, sdl in sdls.items():
        (folder / f"{name}.graphql").write_text(sdl, encoding="utf-8")
        given.append(f"{name}={folder / name}.graphql")
    return given


def test_the_command_prints_a_partners_part(place: Place, tmp_path: Path) -> None:
    code, said = place.run("schema", "contract", *files_of(TAGGED, tmp_path), "--include", "partner")
    assert (code, said) == (0, contract(TAGGED, include=["partner"]).public_sdl)
    assert "closed" not in said


def test_the_command_prints_the_supergraph_of_a_partners_gateway(place: Place, tmp_path: Path) -> None:
    given = files_of(TAGGED, tmp_path)
    code, said = place.run("schema", "contract", *given, "--include", "partner", "--exclude", "secret", "--supergraph")
    assert code == 0
    partner = contract(TAGGED, include=["partner"], exclude=["secret"]).public_sdl
    assert sorted(Supergraph.from_sdl(said).public_sdl.split()) == sorted(partner.split())


@pytest.mark.parametrize(
    ("tags", "message"), [((), "at least one tag"), (("--include", "nobody"), "ONLY_INACCESSIBLE_CHILDREN")]
)
def test_a_contract_of_nothing_is_refused(place: Place, tmp_path: Path, tags: tuple[str, ...], message: str) -> None:
    code, said = place.run("schema", "contract", *files_of(TAGGED, tmp_path), *tags)
    assert code != 0
    assert message in said
