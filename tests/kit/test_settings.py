"""Settings come from the environment once; the shared secret is made once."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from kit.context import ContextSigner
from kit.settings import SECRET_BYTES, KitSettings, context_secret


def test_the_secret_of_the_environment_goes_before_the_kept_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOREN_CONTEXT_SECRET", "given" * 10)

    assert context_secret(KitSettings(data_dir=tmp_path)) == b"given" * 10
    assert list(tmp_path.iterdir()) == []


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = KitSettings(data_dir=tmp_path / "new" / "place")

    first = context_secret(settings)

    (kept,) = settings.data_dir.iterdir()
    assert context_secret(settings) == first == kept.read_bytes()
    assert len(first) == 2 * SECRET_BYTES
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    ContextSigner(first)


def test_threads_that_race_for_the_secret_all_get_the_same(tmp_path: Path) -> None:
    for attempt in range(20):
        settings = KitSettings(data_dir=tmp_path / str(attempt))
        with ThreadPoolExecutor(8) as pool:
            secrets = list(pool.map(lambda _, s=settings: context_secret(s), range(8)))

        assert len(set(secrets)) == 1
        assert [path.name for path in settings.data_dir.iterdir()] == ["context.key"]


def test_a_secret_that_is_there_needs_no_right_to_write(tmp_path: Path) -> None:
    settings = KitSettings(data_dir=tmp_path)
    (tmp_path / "context.key").write_text("k" * 64)
    before = tmp_path.stat().st_mtime_ns

    assert context_secret(settings) == b"k" * 64
    assert tmp_path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("name", "value"), [("database_prefix", "No Spaces"), ("log_level", "LOUD"), ("log_format", "xml")]
)
def test_a_value_that_cannot_be_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"NOREN_{name.upper()}", value)

    with pytest.raises(ValidationError, match=name):
        KitSettings()


def test_settings_do_not_change_and_do_not_show_the_secret() -> None:
    settings = KitSettings(context_secret="k" * 40)  # type: ignore[arg-type]

    with pytest.raises(ValidationError):
        settings.log_level = "DEBUG"  # type: ignore[misc]
    assert "kkkk" not in repr(settings)
