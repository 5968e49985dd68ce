"""Reads from a standby: never older than what their client has written, and never missed when it is away."""

import copy
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import uuid

import pytest
from servers import POSTGRES_BIN, Postgres, eventually, free_port
from v1_client import Client


class Standby(Postgres):
    """A streaming replica of `primary`, made by pg_basebackup."""

    def __init__(self, folder: pathlib.Path, primary: Postgres):
        super(Postgres, self).__init__(folder, "standby")
        self.port = free_port()
        self.cluster = folder / "standby"
        self.cluster.mkdir(mode=0o700)
        self.identity = primary.identity
        if os.getuid() == 0:
            shutil.chown(self.cluster, "postgres", "postgres")
        subprocess.run([POSTGRES_BIN / "pg_basebackup", "-D", self.cluster, "-R", "-c", "fast", "-X", "stream",
                        "-d", primary.url], check=True, cwd="/", **self.identity)
        self.start()

    def replays(self, on: bool):
        self.sql(f"SELECT pg_wal_replay_{'resume' if on else 'pause'}()")


@pytest.fixture
def standby(folder, postgres, database):
    server = Standby(folder, postgres)
    yield server
    if server.process is not None:
        server.stop()
    shutil.rmtree(server.cluster, ignore_errors=True)


@pytest.fixture
def api(todo, standby):
    one = todo(THREADS="1", REDIS_URL=None, DATABASE_REPLICA_URL=standby.url)
    eventually(lambda: one.metric("todo_replica_usable") == 1)
    return one


def make_user(api):
    status, headers, body = api.call("POST", f"/users/?username={uuid.uuid4()}")
    assert status == 200
    return body["id"], headers["Todo-Consistency"]


def reads(api):
    return api.metric("todo_replica_reads_total")


def test_reads_go_to_the_replica_once_it_has_what_they_must_see(api, standby):
    user, token = make_user(api)
    for path in (f"/users/{user}", f"/tasks/{user}"):
        def from_replica(path=path):
            before = reads(api)
            status, _, _ = api.call("GET", path, headers={"Todo-Consistency": token})
            assert status == 200
            return reads(api) > before
        eventually(from_replica)


def test_who_wrote_reads_it_whatever_the_replica_has(api, standby, todo):
    standby.replays(False)
    user, token = make_user(api)
    status, headers, task = api.call("POST", f"/tasks/?title=x&owner_id={user}")
    assert status == 200
    # Not 40 reads: those that come while it is silent for a second are not even looked up there.
    while api.metric("todo_replica_behind_total") < 40:
        # Through the same process no token is needed, with another one it is.
        assert api.get(f"/tasks/{user}") == (200, [task])
        assert api.get(f"/users/{user}")[0] == 200
    other = todo(THREADS="1", REDIS_URL=None, DATABASE_REPLICA_URL=standby.url)
    eventually(lambda: other.metric("todo_replica_usable") == 1)
    eventually(lambda: other.get(f"/tasks/{user}") == (200, []))   # the replica's answer, of before the write
    token = headers["Todo-Consistency"]
    assert other.call("GET", f"/tasks/{user}", headers={"Todo-Consistency": token})[2] == [task]
    assert other.call("GET", f"/tasks/{user}", headers={"Todo-Consistency": "none of ours"})[2] == [task]
    standby.replays(True)
    eventually(lambda: other.get(f"/tasks/{user}") == (200, [task]))


def test_v1_reads_what_its_writer_was_answered_through_any_process(api, standby, todo):
    here = Client(api)
    eventually(lambda: standby.sql(f"SELECT count(*) FROM users WHERE id = {here.user['id']}") == "1")
    other = todo(THREADS="1", REDIS_URL=None, DATABASE_REPLICA_URL=standby.url)
    eventually(lambda: other.metric("todo_replica_usable") == 1)
    there = copy.copy(here)
    there.api = other
    standby.replays(False)
    created = here.task("x")
    path, seen = f"/v1/tasks/{created.body['id']}", created.headers["todo-consistency"]
    eventually(lambda: there.ask("GET", path).status == 404)   # the replica's answer, of before the write
    assert there.ask("GET", path, Todo_Consistency=seen).check(200).body == created.body
    assert there.ask("GET", "/v1/tasks", Todo_Consistency=seen).check(200).body["items"] == [created.body]
    assert here.ask("GET", path).check(200).body == created.body, "no token is needed where it was written"
    changed = here.ask("PATCH", path, {"completed": True}).check(200)
    assert there.ask("GET", path, Todo_Consistency=changed.headers["todo-consistency"]).body == changed.body
    gone = here.ask("DELETE", path).check(204)
    there.ask("GET", path, Todo_Consistency=gone.headers["todo-consistency"]).check(404)
    standby.replays(True)


def test_a_replica_that_is_killed_costs_no_answer(api, standby):
    user, _ = make_user(api)
    def from_replica():
        before = reads(api)
        assert api.get(f"/users/{user}")[0] == 200
        return reads(api) > before
    eventually(from_replica)
    statuses, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            statuses.append(api.get(f"/users/{user}")[0])
    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    eventually(lambda: len(statuses) > 100)
    standby.stop(signal.SIGQUIT)
    asked = len(statuses)
    eventually(lambda: len(statuses) > asked + 200)
    standby.start()
    eventually(lambda: api.metric("todo_replica_usable") == 1)
    eventually(from_replica)
    stop.set()
    for client in clients:
        client.join()
    assert set(statuses) == {200}


def test_without_a_replica_answers_carry_no_token(todo):
    api = todo(REDIS_URL=None)
    _, headers, _ = api.call("POST", f"/users/?username={uuid.uuid4()}")
    assert "Todo-Consistency" not in headers
