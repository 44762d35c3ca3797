"""Which mongod is taken, and what is said where there is none."""

import os
from pathlib import Path

import pytest

from kit.mongod import EmbeddedMongo, MongodMissing, binary
from kit.mongod.binary import find_mongod, make_executable


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no mongod named and none on PATH."""
    monkeypatch.delenv("NOREN_MONGOD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_named_mongod_comes_before_path_and_the_bundle(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = program(elsewhere / "path" / "mongod")
    in_environment = program(elsewhere / "environment" / "mongod")
    given = program(elsewhere / "given" / "mongod")
    assert find_mongod(None, elsewhere).path == on_path
    monkeypatch.setenv("NOREN_MONGOD", str(in_environment))
    assert find_mongod(None, elsewhere).path == in_environment
    assert find_mongod(given, elsewhere) == binary.Binary(given, bundled=False)


def test_the_bundled_mongod_is_found_and_runs_last(elsewhere: Path) -> None:
    found = find_mongod(None, elsewhere)
    assert found.bundled
    assert found.path.parts[-4:] == ("fiftyone", "db", "bin", "mongod")
    assert os.access(found.path, os.X_OK)


def test_a_missing_mongod_is_told_in_two_lines_with_the_way_out(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(MongodMissing) as missing:
        EmbeddedMongo.start(elsewhere / "mongo")
    first, second = str(missing.value).splitlines()
    assert "no mongod is on PATH" in first
    assert "pip install 'noren[embedded]'" in first
    assert "NOREN_MONGODB_URL='mongodb://" in second


def test_a_named_file_that_is_no_program_is_told_by_its_name(elsewhere: Path) -> None:
    with pytest.raises(MongodMissing, match=r"elsewhere/mongod, which was named as mongod[\s\S]*NOREN_MONGODB_URL"):
        EmbeddedMongo.start(elsewhere / "mongo", mongod=Path("/elsewhere/mongod"))


def test_a_mongod_without_its_run_bit_gets_it(tmp_path: Path) -> None:
    found = program(tmp_path / "mongod")
    found.chmod(0o644)
    assert make_executable(found, tmp_path / "bin") == found
    assert os.access(found, os.X_OK)


def test_a_mongod_that_is_not_ours_to_change_is_copied_once(tmp_path: Path) -> None:
    not_ours = Path("/proc/sys/kernel/ostype")  # not even root may change its mode
    copy = make_executable(not_ours, tmp_path / "bin")
    assert copy == tmp_path / "bin" / "ostype"
    assert copy.read_text() == not_ours.read_text()
    assert os.access(copy, os.X_OK)
    assert list(copy.parent.iterdir()) == [copy]
