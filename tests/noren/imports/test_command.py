"""The command from outside: its words, its files and its exit codes."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from noren.imports import command
from noren.imports.command import app
from noren.imports.mapping import load_mapping

Rows = Sequence[dict[str, str]]
ToCsv = Callable[[Rows], str]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, wide enough a terminal, and no MongoDB to be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NOREN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NOREN_MONGODB_URL", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50")
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["orders", *arguments])


def test_a_dry_run_reports_and_writes_nothing(shop: Path, generated: Rows, to_csv: ToCsv) -> None:
    (shop / "t.csv").write_text(to_csv(generated), encoding="utf-8")
    result = _run("t.csv", "--mapping", "uci-online-retail", "--dry-run")
    assert result.exit_code == 0, result.output
    assert f"{len(generated)} rows were read" in result.output
    assert "DUPLICATE" in result.output
    assert "nothing was recorded" in result.output
    assert [path.name for path in shop.iterdir()] == ["t.csv"]


def test_a_dry_run_writes_the_list_where_it_is_told_to(shop: Path, generated: Rows, to_csv: ToCsv) -> None:
    (shop / "t.csv").write_text(to_csv(generated), encoding="utf-8")
    result = _run("t.csv", "-m", "uci-online-retail", "--dry-run", "--report", "list.jsonl")
    assert result.exit_code == 0, result.output
    listed = (shop / "list.jsonl").read_text(encoding="utf-8").splitlines()
    assert f"{len(listed)} rows not taken are listed in list.jsonl" in result.output


def test_an_import_and_a_dry_run_print_the_same_account(
    shop: Path, generated: Rows, to_csv: ToCsv, mongo_url: str, fresh_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "t.csv").write_text(to_csv(generated), encoding="utf-8")
    monkeypatch.setenv("NOREN_MONGODB_URL", mongo_url)
    monkeypatch.setenv("NOREN_DATABASE_PREFIX", fresh_databases)
    imported = _run("t.csv", "-m", "uci-online-retail")
    dry = _run("t.csv", "-m", "uci-online-retail", "--dry-run")
    assert imported.exit_code == 0, imported.output
    assert (shop / "t.not-taken.csv").is_file()
    account = dry.stdout.partition("dry run")[0]
    assert "accounted for" in account
    assert imported.stdout.startswith(account)
    assert "customers created" in imported.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.csv", "-m", "uci-online-retail"), "there is no file none.csv"),
        (("t.json", "-m", "uci-online-retail"), "unknown kind of file"),
        (("t.csv", "-m", "none"), "there is no mapping none"),
        (("t.csv", "-m", "uci-online-retail"), "columns missing: 'Invoice' (invoice)"),
        (("t.csv", "-m", "uci-online-retail", "--report", "t.txt"), "ends in .csv or .jsonl"),
    ],
)
def test_what_is_wrong_is_one_message_and_an_exit_code(shop: Path, arguments: tuple[str, ...], told: str) -> None:
    (shop / "t.csv").write_text("Rechnung,Artikel\n", encoding="utf-8")
    result = _run(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_an_unreachable_mongodb_is_said(shop: Path, generated: Rows, to_csv: ToCsv) -> None:
    (shop / "t.csv").write_text(to_csv(generated), encoding="utf-8")
    # a process of its own: the driver, cancelled while it connects, leaves a socket to the garbage collector
    whole = [sys.executable, "-m", "noren", "import", "orders", "t.csv", "-m", "uci-online-retail"]
    result = subprocess.run(whole, cwd=shop, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 1
    assert "MongoDB does not answer" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_extra_is_told_by_name(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "NEEDED", ("polars", "no_such_package"))
    result = _run("t.csv", "-m", "uci-online-retail")
    assert result.exit_code == 1
    assert "needs no_such_package: install the extra, noren[files]" in result.stderr


def test_the_readmes_mapping_is_a_valid_one(shop: Path) -> None:
    readme = Path(command.__file__).with_name("README.md").read_text(encoding="utf-8")
    example = readme.partition("```toml\n")[2].partition("```")[0]
    (shop / "m.toml").write_text(example, encoding="utf-8")
    assert load_mapping("m.toml").source == "till"
