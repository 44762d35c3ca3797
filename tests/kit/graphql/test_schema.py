"""Entities: one call a type, errors an item, and the caller's own dicts left alone."""

import copy
from typing import Any

from kit.graphql.schema import MAX_ENTITIES
from tests.kit.hospital import Hospital

QUERY = """query($r: [_Any!]!) {
  _entities(representations: $r) { __typename ... on Patient { id diagnosis } ... on Ward { name } }
}"""


def patient(id: str) -> dict[str, Any]:
    return {"__typename": "Patient", "id": id}


def ward(name: str) -> dict[str, Any]:
    return {"__typename": "Ward", "name": name}


async def test_each_type_is_asked_once_for_all_and_answers_stay_in_place(hospital: Hospital) -> None:
    asked = [patient("a"), ward("w"), patient("b"), patient("a"), ward("v")]

    answer = await hospital.ask(QUERY, {"r": asked})

    entities = answer["data"]["_entities"]
    assert [e.get("id") or e.get("name") for e in entities] == ["a", "w", "b", "a", "v"]
    assert hospital.contexts[0].asked == [[asked[0], asked[2], asked[3]], [asked[1], asked[4]]]


async def test_the_callers_dicts_are_not_changed(hospital: Hospital) -> None:
    asked = [patient("a"), ward("w")]
    before = copy.deepcopy(asked)

    await hospital.ask(QUERY, {"r": asked})

    assert asked == before


async def test_one_entity_that_fails_or_is_missing_leaves_the_others(hospital: Hospital) -> None:
    answer = await hospital.ask(QUERY, {"r": [patient(id) for id in ("a", "failing", "none", "broken", "b")]})

    ids = [entity and entity["id"] for entity in answer["data"]["_entities"]]
    assert ids == ["a", None, None, None, "b"]
    assert [error["path"] for error in answer["errors"]] == [["_entities", 1], ["_entities", 3, "diagnosis"]]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL"}
    assert "secret" not in str(answer)


async def test_a_type_that_fails_as_a_whole_leaves_the_other_types(hospital: Hospital) -> None:
    for failing in ("on fire", "short"):
        answer = await hospital.ask(QUERY, {"r": [ward("w"), patient("a"), ward(failing)]})

        assert [e and e["__typename"] for e in answer["data"]["_entities"]] == [None, "Patient", None]
        assert [error["path"] for error in answer["errors"]] == [["_entities", 0], ["_entities", 2]]


async def test_what_is_no_entity_here_is_said_at_its_place(hospital: Hospital) -> None:
    strange: list[Any] = [{"__typename": "Nurse", "id": "n"}, {"id": "nameless"}, {"__typename": "AdmitPayload"}, 7]

    answer = await hospital.ask(QUERY, {"r": [*strange, patient("a")]})

    assert answer["data"]["_entities"] == [None] * 4 + [{"__typename": "Patient", "id": "a", "diagnosis": "of a"}]
    assert {tuple(error["path"]) for error in answer["errors"]} == {("_entities", index) for index in range(4)}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    assert any(error["message"] == "Nurse is not an entity of this service" for error in answer["errors"])


async def test_more_entities_than_the_limit_are_refused_with_it(hospital: Hospital) -> None:
    answer = await hospital.ask(QUERY, {"r": [patient("a")] * (MAX_ENTITIES + 1)})

    assert answer["errors"][0]["message"] == f"representations: at most {MAX_ENTITIES}, got {MAX_ENTITIES + 1}"
    assert hospital.contexts[0].asked == []


def test_the_sdl_declares_federation_2_5_and_the_common_errors(hospital: Hospital) -> None:
    sdl = hospital.subgraph.sdl

    assert "https://specs.apollo.dev/federation/v2.5" in sdl
    for name in ("InvalidInput", "NotFound", "IdempotencyKeyReused", "VersionConflict"):
        assert f"type {name} implements UserError @shareable" in sdl
