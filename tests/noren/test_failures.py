"""What a person can mend is a line that names what to set, never a stack trace."""

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError
from pymongo.errors import AutoReconnect

from gateway.errors import CompositionError, CompositionProblem
from gateway.settings import GatewaySettings
from gateway.startup import StartFailed
from kit.settings import KitSettings
from noren.database import MongodbUnusable, use_mongodb
from noren.failures import message_of
from noren.up import PartDied
from tests.noren.conftest import Place

NOBODY = "mongodb://noren:s3cret@127.0.0.1:1/?replicaSet=rs0"


def test_a_mongodb_that_does_not_answer_is_named(place: Place) -> None:
    commands = [place.start(*words, NOREN_MONGODB_URL=NOBODY) for words in (("up", "--no-seed"), ("seed",))]
    for command in commands:
        assert command.process.wait(30) == 1
        (line,) = command.said().strip().splitlines()
        assert line.startswith("NOREN_MONGODB_URL: MongoDB does not answer: 127.0.0.1:1: ")
        assert "s3cret" not in line
        assert "Timeout" not in line
    assert place.is_empty()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "mongodb://127.0.0.1:port/", "mongodb://"])
def test_what_is_no_url_of_a_mongodb_is_named(url: str) -> None:
    with (
        pytest.raises(MongodbUnusable, match="NOREN_MONGODB_URL: ") as raised,
        use_mongodb(KitSettings(mongodb_url=url)),
    ):
        pass
    assert "\n" not in str(message_of(raised.value))


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("NOREN_PORT", "abc", "NOREN_PORT: Input should be a valid integer"),
        ("NOREN_HOST", "0.0.0.0", "NOREN_HOST is '0.0.0.0', which others can reach, and there are no keys"),
    ],
)
def test_a_command_with_a_setting_that_cannot_be_ends_with_one_line(
    place: Place, variable: str, value: str, line: str
) -> None:
    code, said = place.run("up", "--no-seed", **{variable: value})
    assert code == 1
    assert said.startswith(line)
    assert len(said.strip().splitlines()) == 1
    assert place.is_empty()


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("NOREN_PORT", "70000", "NOREN_PORT: Input should be less than or equal to 65535"),
        ("NOREN_API_KEYS", "top-secret", "NOREN_API_KEYS: expected JSON"),
        ("NOREN_API_KEYS", '[{"name": "pos", "sha256": "top-secret"}]', "NOREN_API_KEYS.0.sha256: String should"),
        ("NOREN_DATABASE_PREFIX", "Shop", "NOREN_DATABASE_PREFIX: String should match pattern"),
        ("NOREN_LOG_LEVEL", "LOUD", "NOREN_LOG_LEVEL: String should match pattern"),
    ],
)
def test_a_setting_is_named_and_its_value_kept_to_itself(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises((ValidationError, SettingsError)) as raised:
        GatewaySettings()
    message = message_of(raised.value)
    assert message is not None
    assert message.startswith(line)
    assert value not in message
    assert "top-secret" not in message


def test_what_the_gateway_cannot_start_with_is_told_as_it_is() -> None:
    assert message_of(StartFailed("order at http://… was not ready")) == "order at http://… was not ready"
    problem = CompositionProblem("FIELD_TYPE_MISMATCH", "Variant.sku has two types", ("catalog", "order"))
    assert message_of(CompositionError([problem])) == str(problem)
    assert message_of(PartDied("loyalty ended 5 times")) == "loyalty ended 5 times"


def test_a_mongodb_that_goes_away_is_told_without_the_drivers_settings() -> None:
    gone = AutoReconnect("127.0.0.1:27017: connection closed (configured timeouts: connectTimeoutMS: 3000.0ms)")
    assert message_of(gone) == "MongoDB does not answer any more: 127.0.0.1:27017: connection closed"


def test_a_bug_keeps_its_stack_trace() -> None:
    class Answer(BaseModel):
        count: int

    with pytest.raises(ValidationError) as raised:
        Answer.model_validate({"count": "many"})
    assert message_of(raised.value) is None
    assert message_of(KeyError("bug")) is None
