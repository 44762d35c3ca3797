"""`noren staff`: accounts made and ended at a terminal; a password is never shown."""

from collections.abc import Mapping

import pytest
from typer.testing import CliRunner, Result

from noren.staff import StaffRefused, app

PASSWORD = "correct horse battery"


@pytest.fixture
def installation(named_mongo: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def staff(*words: str, password: str = "") -> Result:
    return CliRunner().invoke(app, words, input=f"{password}\n" if password else None)


def test_an_account_is_made_listed_changed_and_ended(installation: None) -> None:
    made = staff("add", "Aiko", "--role", "clerk", "--location", "loc_1", "--password-stdin", password=PASSWORD)
    assert made.exit_code == 0, made.output
    assert made.stdout.strip().startswith("stf_")
    assert PASSWORD not in made.output

    listed = staff("list").stdout
    assert "aiko" in listed
    assert ("clerk" in listed, "loc_1" in listed, "active" in listed) == (True, True, True)
    assert "argon2" not in listed

    assert staff("password", "aiko", "--password-stdin", password="another long password").exit_code == 0
    assert staff("disable", "AIKO").exit_code == 0
    assert "disabled" in staff("list").stdout


def test_what_cannot_be_made_says_why_and_not_the_password(installation: None) -> None:
    wrong = staff("add", "Aiko", "--role", "king", "--password-stdin", password="short")

    assert isinstance(wrong.exception, StaffRefused)
    assert str(wrong.exception).splitlines() == [
        "password: expected 12 to 256 characters, got 5",
        "roles: expected one of accountant, admin, clerk, merchandiser, warehouse, got king",
    ]
    missing = staff("disable", "nobody")
    assert str(missing.exception) == "account 'nobody' does not exist"
