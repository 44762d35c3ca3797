"""Every service starts alone with kit, serves, and stops."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.architecture.alone import Alone
from tests.architecture.tree import ROOT, SERVICES

TIMEOUT_S = 40
"""A start takes two seconds; a stop that hangs must not hang the tests."""


async def run_alone(service: str, mongo_url: str, prefix: str, data_dir: Path) -> tuple[int, str, str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NOREN_")},
        "NOREN_MONGODB_URL": mongo_url,
        "NOREN_DATABASE_PREFIX": prefix,
        "NOREN_DATA_DIR": str(data_dir),
    }
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.architecture.alone", service],
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        raise
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_starts_alone_with_kit(
    service: str, mongo_url: str, fresh_databases: str, tmp_path: Path
) -> None:
    code, out, err = await run_alone(service, mongo_url, fresh_databases, tmp_path)

    assert code == 0, err[-2_000:]
    assert json.loads(out.splitlines()[-1]) == {
        "answer": {"data": {"__typename": "Query"}},
        "ready": 200,
        "service": service,
    }


@pytest.mark.parametrize("name", ["gateway", "noren.cli", "services.order", "services.order.model"])
def test_what_a_service_may_not_import_is_refused_by_name(name: str) -> None:
    with pytest.raises(ImportError, match=rf"services\.catalog does not stand alone: it imports {name}"):
        Alone("catalog").find_spec(name)


@pytest.mark.parametrize("name", ["kit.app", "services", "services.catalog", "services.catalog.app", "orjson"])
def test_what_a_service_may_import_is_left_to_the_others(name: str) -> None:
    assert Alone("catalog").find_spec(name) is None
