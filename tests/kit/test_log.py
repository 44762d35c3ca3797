"""Logs: one JSON object a line, with the request's trace id, for our loggers and everybody else's."""

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import logging, structlog
from kit.log import configure, logger
configure({level!r}, {style!r})
log = logger("services.x")
with structlog.contextvars.bound_contextvars(trace_id="t-1", service="x"):
    log.debug("quiet")
    log.info("heard", id="ord_1", count=2)
    logging.getLogger("library").warning("theirs %s", 7)
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("failed")
log.info("outside")
"""


def lines(level: str, style: str) -> list[str]:
    program = PROGRAM.format(level=level, style=style)
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    return run.stderr.splitlines()


def test_every_line_is_json_with_the_trace_id_of_its_request() -> None:
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines("INFO", "json")]

    heard, theirs, failed, outside = entries
    assert [entry["event"] for entry in entries] == ["heard", "theirs 7", "failed", "outside"]
    assert [entry.get("trace_id") for entry in entries] == ["t-1", "t-1", "t-1", None]
    assert (heard["id"], heard["count"], heard["service"]) == ("ord_1", 2, "x")
    assert (heard["level"], heard["logger"], theirs["level"], theirs["logger"]) == (
        "info",
        "services.x",
        "warning",
        "library",
    )
    assert "ValueError: broken" in failed["exception"]
    assert heard["timestamp"].endswith("Z")
    assert "trace_id" not in outside


@pytest.mark.parametrize(("level", "count"), [("DEBUG", 5), ("INFO", 4), ("ERROR", 1)])
def test_the_level_decides_what_is_written(level: str, count: int) -> None:
    assert len(lines(level, "json")) == count


def test_people_get_text_without_the_values_of_variables() -> None:
    text = "\n".join(lines("INFO", "console"))

    assert "heard" in text
    assert "ValueError: broken" in text
    assert "locals" not in text


def test_the_address_of_a_websocket_is_not_written() -> None:
    program = """
import logging
from kit.log import configure
configure()
logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "203.0.113.7:5", "/graphql")
logging.getLogger("uvicorn.error").info("Finished server process")
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)

    assert [json.loads(line)["event"] for line in run.stderr.splitlines()] == ["Finished server process"]


AWAY = """
import logging
from kit.log import configure
from pymongo.errors import AutoReconnect
configure("INFO", "json")
for error in (AutoReconnect("127.0.0.1:1 refused"), ValueError("a bug")):
    try:
        raise error
    except Exception:
        logging.getLogger("pymongo.client").error("background task failed:", exc_info=True)
"""


def test_that_mongodb_is_away_is_told_in_a_line_and_a_bug_with_its_trace() -> None:
    run = subprocess.run([sys.executable, "-W", "error", "-c", AWAY], capture_output=True, text=True)
    away, bug = [json.loads(line) for line in run.stderr.splitlines()]
    assert (away["level"], away["event"]) == ("warning", "background task failed: AutoReconnect")
    assert "exception" not in away
    assert bug["level"] == "error"
    assert "ValueError: a bug" in bug["exception"]
