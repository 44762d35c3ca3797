"""Whoever dies, however: no mongod is left over, and the next start works."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from kit.mongod import EmbeddedMongo
from kit.mongod.binary import find_mongod

Document = dict[str, object]
Processes = Callable[[Path], list[int]]
NewUser = Callable[[Path], Any]
Wait = Callable[..., None]
Kill = Callable[..., None]


def test_two_simultaneous_starts_end_with_one_mongod(data_dir: Path, new_user: NewUser, processes: Processes) -> None:
    users = [new_user(data_dir) for _ in range(2)]
    facts = [user.facts() for user in users]
    assert sorted(fact["started"] for fact in facts) == [False, True]
    assert len({(fact["url"], fact["keeper_pid"], fact["mongod_pid"]) for fact in facts}) == 1
    assert {facts[0]["keeper_pid"], facts[0]["mongod_pid"]} <= set(processes(data_dir))
    assert len(processes(data_dir)) == 2
    assert [user.leave() for user in users] == [0, 0]


def test_a_killed_user_leaves_no_orphan(
    data_dir: Path, new_user: NewUser, processes: Processes, wait_until: Wait
) -> None:
    user = new_user(data_dir)
    assert user.facts()["started"]
    user.kill()
    wait_until(lambda: not processes(data_dir))


def test_a_user_killed_while_it_starts_leaves_no_orphan(
    data_dir: Path, new_user: NewUser, processes: Processes, wait_until: Wait
) -> None:
    user = new_user(data_dir)
    while "mongod to answer" not in user.wait_for_message():
        assert user.process.poll() is None
    user.kill()
    wait_until(lambda: not processes(data_dir))
    assert not (data_dir / "keeper.sock").exists()


def test_a_killed_user_does_not_take_it_from_the_others(data_dir: Path, new_user: NewUser) -> None:
    user = new_user(data_dir)
    user.facts()
    with EmbeddedMongo.start(data_dir) as mongo, MongoClient[Document](mongo.url) as client:
        user.kill()
        assert client.admin.command("ping")["ok"] == 1
        assert not mongo.started


def test_ctrl_c_reaches_mongod_only_after_its_user_has_left(data_dir: Path, new_user: NewUser) -> None:
    user = new_user(data_dir)
    user.facts()
    os.killpg(user.process.pid, signal.SIGINT)  # as a terminal does: to everyone in the foreground
    assert user.leave() == 0
    with EmbeddedMongo.start(data_dir) as mongo, MongoClient[Document](mongo.url) as client:
        assert client.test.things.find_one() == {"_id": "written after Ctrl-C"}


def test_a_killed_keeper_leaves_no_mongod_and_the_next_start_heals(
    data_dir: Path, processes: Processes, wait_until: Wait, kill_hard: Kill
) -> None:
    with EmbeddedMongo.start(data_dir) as broken:
        with MongoClient[Document](broken.url) as client:
            client.test.things.insert_one({"_id": "kept"})
        kill_hard(broken.keeper_pid)
        wait_until(lambda: not processes(data_dir))
    with EmbeddedMongo.start(data_dir) as healed, MongoClient[Document](healed.url) as client:
        assert healed.started
        assert client.test.things.find_one() == {"_id": "kept"}


def test_stale_locks_and_sockets_of_a_hard_stop_heal(
    data_dir: Path, processes: Processes, wait_until: Wait, kill_hard: Kill
) -> None:
    with EmbeddedMongo.start(data_dir) as broken:
        with MongoClient[Document](broken.url) as client:
            client.test.things.insert_one({"_id": "acknowledged"})
        kill_hard(broken.mongod_pid, broken.keeper_pid)
        wait_until(lambda: not processes(data_dir))
    assert (data_dir / "db" / "mongod.lock").read_text().strip() == str(broken.mongod_pid)
    assert (data_dir / "keeper.lock").read_text() == str(broken.keeper_pid)
    assert (data_dir / "keeper.sock").is_socket()
    with EmbeddedMongo.start(data_dir) as healed, MongoClient[Document](healed.url) as client:
        assert healed.started
        assert client.test.things.find_one() == {"_id": "acknowledged"}


def test_a_mongod_without_a_keeper_is_stopped_by_the_next_start(data_dir: Path, wait_until: Wait) -> None:
    (data_dir / "db").mkdir(parents=True)
    mongod = find_mongod(None, data_dir / "bin").path
    command = [str(mongod), "--dbpath", str(data_dir / "db"), "--port", "0", "--bind_ip", "127.0.0.1", "--nounixsocket"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as leftover:
        lock = data_dir / "db" / "mongod.lock"
        wait_until(lambda: lock.exists() and lock.read_text().strip() == str(leftover.pid))
        messages: list[str] = []
        with EmbeddedMongo.start(data_dir, on_wait=messages.append) as healed:
            assert leftover.wait(timeout=1) == 0
            assert healed.started
    assert "waiting for a mongod left over from a crash to end" in messages


def test_a_mongod_killed_from_outside_does_not_stop_the_next_start(
    data_dir: Path, kill_hard: Kill, wait_until: Wait, processes: Processes
) -> None:
    with EmbeddedMongo.start(data_dir) as broken:
        kill_hard(broken.mongod_pid)
        wait_until(lambda: not processes(data_dir))
        with EmbeddedMongo.start(data_dir) as healed:
            assert healed.started
            assert healed.mongod_pid != broken.mongod_pid
        with pytest.raises(ProcessLookupError):
            os.kill(healed.mongod_pid, 0)
