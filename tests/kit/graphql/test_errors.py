"""Refusals as the graph shows them."""

from typing import Any

import pytest

from kit import errors
from kit.errors import Refusal
from kit.graphql.errors import COMMON_ERRORS, present, presenters
from tests.kit.hospital import Hospital, NoBed, NoBedError, Unpresented

ADMIT = """mutation($ward: String!) { admit(input: { ward: $ward, fee: "1" }) {
  patient { id }
  userErrors { __typename code message path ... on NoBedError { ward freeBeds } ... on NotFound { kind id } }
} }"""


async def admit(hospital: Hospital, ward: str) -> dict[str, Any]:
    return await hospital.ask(ADMIT, {"ward": ward})


async def test_what_is_accepted_has_its_object_and_no_errors(hospital: Hospital) -> None:
    assert (await admit(hospital, "west")) == {"data": {"admit": {"patient": {"id": "pat_1"}, "userErrors": []}}}


async def test_every_refusal_reaches_the_client_with_its_facts(hospital: Hospital) -> None:
    answer = await admit(hospital, "full")

    assert "errors" not in answer
    assert answer["data"]["admit"] == {
        "patient": None,
        "userErrors": [
            {
                "__typename": "NoBedError",
                "code": "NO_BED",
                "message": "full has 0 free beds",
                "path": ["input", "ward"],
                "ward": "full",
                "freeBeds": 0,
            },
            {
                "__typename": "NotFound",
                "code": "NOT_FOUND",
                "message": "Ward 'other' does not exist",
                "path": ["input"],
                "kind": "Ward",
                "id": "other",
            },
        ],
    }


async def test_a_refusal_nobody_presents_is_a_masked_fault_of_ours(hospital: Hospital) -> None:
    answer = await admit(hospital, "odd")

    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    with pytest.raises(KeyError):
        present(Unpresented())


@pytest.mark.parametrize(
    "refusal",
    [
        errors.InvalidInput(path=("input", "x"), expected="1", got="2"),
        errors.NotFound(kind="Ward", id="w"),
        errors.IdempotencyKeyReused(key="k"),
        errors.VersionConflict(expected_version=1, actual_version=2),
        NoBed(ward="w", free_beds=0),
    ],
)
def test_a_presenter_shows_code_message_and_path_of_its_refusal(refusal: Refusal) -> None:
    shown = present(refusal)

    assert (shown.code, shown.message, shown.path) == (refusal.code, refusal.message, list(refusal.path))


def test_presenters_lists_the_common_errors_and_a_services_own() -> None:
    assert {*COMMON_ERRORS, NoBedError} <= set(presenters())
