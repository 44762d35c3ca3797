"""Answers are compressed where the client takes it and it pays."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway import compression
from gateway.compression import accepts_gzip, gzipped
from tests.gateway.stall import Stall, client_of, stall_gateway


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(stall_gateway(Stall(), tmp_path)) as client:
        yield client


def echo(text: str) -> dict[str, object]:
    return {"query": "query ($t: String!) { echo(text: $t) }", "variables": {"t": text}}


async def test_a_long_answer_is_compressed(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", json=echo("暖簾" * 1000), headers={"accept-encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 500
    assert "accept-encoding" in answer.headers["vary"]
    assert answer.json() == {"data": {"echo": "暖簾" * 1000}}


@pytest.mark.parametrize(("text", "accepted"), [("short", "gzip"), ("long" * 1000, "br"), ("long" * 1000, "gzip;q=0")])
async def test_a_short_answer_or_an_unwilling_client_gets_it_as_it_is(
    client: httpx2.AsyncClient, text: str, accepted: str
) -> None:
    answer = await client.post("/graphql", json=echo(text), headers={"accept-encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.json() == {"data": {"echo": text}}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("*", True),
        ("x-gzip", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("*, gzip;q=0.0", False),
        ("gzip;q=lots", False),
    ],
)
def test_accept_encoding_is_read_to_the_letter(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def test_a_very_long_answer_is_compressed_beside_the_loop() -> None:
    body = b"0123456789" * (compression.IN_LINE_BYTES // 5)
    assert gzip.decompress(await gzipped(body)) == body
