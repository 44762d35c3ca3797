"""What the tests of events share; the things themselves are in `ward`."""

import pytest

from kit.events import EventLog
from kit.events import consumer as consumer_module
from kit.events.outbox import OUTBOX_INDEX
from kit.mongo import Database, ensure_indexes
from tests.kit.events.ward import Ear, Ward


@pytest.fixture
async def ward(db: Database, event_log: EventLog) -> Ward:
    await ensure_indexes(db, {"beds": [OUTBOX_INDEX], "journal": []})
    return Ward(db, event_log)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without a pause."""
    monkeypatch.setattr(consumer_module, "RETRY_S", 0.02)
