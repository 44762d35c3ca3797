"""What kit's tests share."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.kit.hospital import Hospital


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    """Its surprises are not printed: rendering a traceback takes longer than any test."""
    with capture_logs():
        yield Hospital()
