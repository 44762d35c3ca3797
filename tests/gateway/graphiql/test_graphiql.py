"""The explorer's page, its files and what they may do."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest

from gateway import graphiql
from gateway.graphiql import Asset, ReadyQuery
from tests.gateway.stall import Stall, client_of, stall_gateway

NASTY = ReadyQuery("query Nasty {\n  caller # </script><script>alert(1)</script>\n}", {"name": "暖簾 <b>"})
OURS = {"explorer.js", "explorer.css"}


class Page(HTMLParser):
    """The elements of a page that load something, and the data in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[dict[str, str | None]] = []
        self.data = ""
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._in_data = attributes.get("type") == "application/json"
        if (tag == "script" and not self._in_data) or attributes.get("rel") == "stylesheet":
            self.loads.append(attributes)

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory that holds every file; their digests are those of what is written here."""
    import base64
    import hashlib

    folder = tmp_path / "graphiql"
    folder.mkdir()

    def write(asset: Asset) -> Asset:
        content = f"/* {asset.name} */".encode()
        (folder / asset.name).write_bytes(content)
        digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
        return Asset(asset.name, asset.on_cdn, f"sha384-{digest}")

    monkeypatch.setattr(graphiql, "STYLE", write(graphiql.STYLE))
    monkeypatch.setattr(graphiql, "SCRIPTS", tuple(write(script) for script in graphiql.SCRIPTS))
    return tmp_path


def addresses(page: Page) -> list[str]:
    return [str(element.get("src") or element.get("href")) for element in page.loads]


async def get_page(data_dir: Path) -> tuple[httpx2.Response, Page]:
    async with client_of(stall_gateway(Stall(), data_dir, [NASTY])) as client:
        answer = await client.get("/")
    assert answer.status_code == 200
    return answer, Page(answer.text)


async def test_the_page_opens_on_the_ready_queries_whatever_is_in_them(tmp_path: Path) -> None:
    _, page = await get_page(tmp_path)
    data = json.loads(page.data)
    assert data["endpoint"] == "/graphql"
    assert data["tabs"][0]["query"] == NASTY.query + "\n"
    assert json.loads(data["tabs"][0]["variables"]) == {"name": "暖簾 <b>"}
    assert not any("alert" in address for address in addresses(page))


async def test_installed_files_are_served_from_here_and_nothing_else_is_allowed(installed: Path) -> None:
    answer, page = await get_page(installed)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy
    async with client_of(stall_gateway(Stall(), installed)) as client:
        for address in addresses(page):
            assert address.startswith("/explorer/")
            file = await client.get(address)
            assert file.status_code == 200
            assert file.headers["x-content-type-options"] == "nosniff"
            assert ("immutable" in file.headers["cache-control"]) is (address.rsplit("/", 1)[1] not in OURS)


async def test_without_them_the_page_loads_from_the_cdn_and_checks_each_digest(tmp_path: Path) -> None:
    answer, page = await get_page(tmp_path)
    assert f"script-src 'self' {graphiql.CDN};" in answer.headers["content-security-policy"]
    foreign = [element for element in page.loads if str(element.get("src") or element["href"]).startswith("https:")]
    assert len(foreign) == 4
    for element in foreign:
        assert re.fullmatch(r"sha384-[A-Za-z0-9+/]{64}", str(element["integrity"]))
        assert element["crossorigin"] == "anonymous"


async def test_a_file_that_is_not_the_one_named_is_not_served(installed: Path) -> None:
    (installed / "graphiql" / "graphiql.min.js").write_text("alert(1)")
    _, page = await get_page(installed)
    assert any(address.startswith(graphiql.CDN) for address in addresses(page))
    async with client_of(stall_gateway(Stall(), installed)) as client:
        assert (await client.get(f"/explorer/{graphiql.VERSION}/graphiql.min.js")).status_code == 404


@pytest.mark.parametrize("name", ["missing.js", "..%2Fcontext.key", "../context.key", "%2e%2e/context.key"])
async def test_no_other_file_is_served(installed: Path, name: str) -> None:
    (installed / "context.key").write_text("secret")
    async with client_of(stall_gateway(Stall(), installed, context_secret="x" * 32)) as client:
        assert (await client.get(f"/explorer/{graphiql.VERSION}/{name}")).status_code == 404


async def test_the_page_runs_no_inline_script_and_is_framed_by_nobody(tmp_path: Path) -> None:
    answer, page = await get_page(tmp_path)
    assert all("src" in element or "href" in element for element in page.loads)
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"].split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_it_can_be_turned_off(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, graphiql=False)) as client:
        assert (await client.get("/")).status_code == 404


def test_the_recipe_fetches_the_versions_and_files_that_the_page_names() -> None:
    recipe = (Path(graphiql.__file__).parent / "graphiql_assets.sh").read_text()
    assert f"graphiql={graphiql.VERSION} " in recipe
    assert "react=18.3.1 " in recipe
    for asset in (graphiql.STYLE, *graphiql.SCRIPTS):
        assert asset.name in recipe
