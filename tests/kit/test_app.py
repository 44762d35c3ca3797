"""A subgraph over HTTP: what is asked wrongly is told so, and health says what it waits for."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from kit import mongo
from kit.app import MAX_BODY_BYTES, Service, build_app
from kit.context import CONTEXT_HEADER
from kit.mongo import is_ready, open_database
from kit.seal import SEAL_HEADER
from tests.kit.hospital import SIGNER, Hospital, headers
from tests.sealed import Sealed

BODY = b'{"query": "{ __typename }"}'


def app_on(mongo_url: str, hospital: Hospital, steps: list[str]) -> Any:
    @asynccontextmanager
    async def open_service() -> AsyncIterator[Service]:
        async with open_database(mongo_url, "hospital_app") as db:
            steps.append("opened")
            yield Service(hospital.subgraph, partial(is_ready, db))
        steps.append("closed")

    return build_app("hospital", open_service)


@pytest.fixture
def client(mongo_url: str, hospital: Hospital) -> Iterator[TestClient]:
    with TestClient(app_on(mongo_url, hospital, [])) as client:
        client.auth = Sealed(SIGNER.sealer("hospital"))
        yield client


def error_of(answer: httpx2.Response) -> tuple[str, str]:
    (error,) = answer.json()["errors"]
    return error["extensions"]["code"], error["message"]


def test_an_operation_is_answered_as_json(client: TestClient) -> None:
    envelope = {"query": "query($id: ID!) { patient(id: $id) { id } }", "variables": {"id": "p"}, "operationName": None}

    answer = client.post("/graphql", json=envelope, headers=headers())

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"data": {"patient": {"id": "p"}}}


def test_without_a_seal_nothing_is_read(client: TestClient) -> None:
    answer = client.post("/graphql", content=b"{", headers=headers(), auth=lambda request: request)

    assert answer.status_code == 401
    assert error_of(answer) == (
        "UNAUTHENTICATED",
        "the header x-noren-seal is missing: services answer the gateway only",
    )


def test_a_call_that_comes_again_is_refused(client: TestClient) -> None:
    seal = SIGNER.sealer("hospital")(headers_now := headers()[CONTEXT_HEADER], BODY)
    sent = {CONTEXT_HEADER: headers_now, SEAL_HEADER: seal}
    answers = [client.post("/graphql", content=BODY, headers=sent, auth=lambda request: request) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]


def test_without_a_context_the_answer_is_unauthenticated(client: TestClient) -> None:
    answer = client.post("/graphql", json={"query": "{ trace }"})

    assert answer.status_code == 200
    assert error_of(answer)[0] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "body: expected JSON"),
        (b"{", "body: expected JSON"),
        (b"\xff", "body: expected JSON"),
        (b"[]", "body: expected an object with query, variables and operationName"),
        (b"null", "body: expected an object"),
        (b"{}", "query: expected a string"),
        (b'{"query": 5}', "query: expected a string"),
        (b'{"query": "{ trace }", "variables": []}', "variables: expected an object"),
        (b'{"query": "{ trace }", "variables": "{}"}', "variables: expected an object"),
        (b'{"query": "{ trace }", "operationName": 1}', "operationName: expected a string"),
    ],
)
def test_a_wrong_envelope_is_told_what_is_wrong_with_it(client: TestClient, body: bytes, message: str) -> None:
    answer = client.post("/graphql", content=body, headers=headers())

    assert answer.status_code == 400
    assert error_of(answer)[0] == "BAD_REQUEST"
    assert error_of(answer)[1].startswith(message)


def test_a_body_beyond_the_limit_is_refused_with_the_limit(client: TestClient) -> None:
    answer = client.post("/graphql", content=b" " * (MAX_BODY_BYTES + 1), headers=headers())

    assert answer.status_code == 413
    assert error_of(answer) == ("BAD_REQUEST", f"body: expected at most {MAX_BODY_BYTES} bytes")


def test_only_posts_are_operations(client: TestClient) -> None:
    assert client.get("/graphql?query={trace}").status_code == 405
    assert client.post("/nothing").status_code == 404


def test_health_is_live_and_ready_while_the_database_answers(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live", "service": "hospital"}
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "service": "hospital"})


def test_without_its_database_it_is_live_and_not_ready_and_says_what_it_waits_for(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "PING_S", 0.2)
    with TestClient(app_on("mongodb://127.0.0.1:9/?directConnection=true", hospital, [])) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")

    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "service": "hospital", "waits_for": "mongodb"}


def test_the_service_is_open_as_long_as_the_app_runs(mongo_url: str, hospital: Hospital) -> None:
    steps: list[str] = []
    with TestClient(app_on(mongo_url, hospital, steps)):
        assert steps == ["opened"]

    assert steps == ["opened", "closed"]
