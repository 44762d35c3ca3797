import re

import pytest

from gateway.trace import Trace

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_valid_traceparent_goes_on_unchanged() -> None:
    assert Trace.of(PARENT) == Trace("0af7651916cd43dd8448eb211c80319c", PARENT)


def test_a_later_version_goes_on_as_the_one_known_here() -> None:
    assert Trace.of("cc" + PARENT[2:] + "-more").parent == PARENT


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "nonsense",
        PARENT.upper(),
        PARENT + "-more",
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        PARENT + "\r\nx-evil: 1",
    ],
)
def test_anything_else_begins_a_new_trace(traceparent: str | None) -> None:
    trace = Trace.of(traceparent)
    assert re.fullmatch(r"[0-9a-f]{32}", trace.id)
    assert re.fullmatch(f"00-{trace.id}-[0-9a-f]{{16}}-00", trace.parent)
    assert trace.id not in (traceparent or "")
