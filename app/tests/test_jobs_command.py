"""`todo jobs`: what an operator does about jobs that were given up."""

import json
import subprocess

import pytest
from conftest import BINARY
from servers import eventually, free_port
from test_jobs import no_jobs, put, queue, redis, states  # noqa: F401  (fixtures)


@pytest.fixture
def command(database, redis):
    def run(*words, **environment):
        environment = {"DATABASE_URL": database, "QUEUE_URL": redis.url(1), **environment}
        return subprocess.run([BINARY, "jobs", *words], capture_output=True, text=True, timeout=30,
                              env={key: value for key, value in environment.items() if value is not None})
    return run


@pytest.fixture
def dead(todo, redis, postgres):
    """Two poison jobs, one stored and one that is in Redis only, and the worker that gave them up."""
    (stored,) = put(postgres, "sum_squares", {"n": -1})
    queue(redis, "XADD", "jobs:default", "*", "id", "redis-only", "kind", "sum_squares", "payload", '{"n":"x"}')
    worker = todo("worker")
    eventually(lambda: queue(redis, "XLEN", "jobs:default:dead") == "2")
    assert queue(redis, "XLEN", "jobs:default") == "0", "poison does not stay in the way of others"
    assert states(postgres) == {"dead": 1}
    return {"stored": stored, "redis": "redis-only", "worker": worker}


def test_lists_and_shows(command, dead):
    listed = command("list")
    assert listed.returncode == 0, listed.stderr
    first, *lines = listed.stdout.splitlines()
    assert first == "2 dead jobs in queue default"
    assert sorted(line.split()[0] for line in lines) == sorted([dead["stored"], dead["redis"]])
    assert "payload.n is out of bounds" in listed.stdout and "payload.n has the wrong type" in listed.stdout
    as_json = json.loads(command("list", "--json").stdout)
    shown = json.loads(command("show", dead["stored"]).stdout)
    assert shown in as_json and shown["payload"] == {"n": -1} and shown["attempts"] == 1
    assert command("list", "--queue", "other").stdout == "0 dead jobs in queue other\n"


def test_retries_and_drops_by_id(command, dead, postgres, redis):
    postgres.sql(f"UPDATE jobs SET payload = '{{\"n\": 4}}' WHERE id = '{dead['stored']}'")
    done = command("retry", dead["stored"], "nothing")
    assert done.returncode == 1 and "no dead job nothing in queue default" in done.stderr
    assert done.stdout.splitlines() == [f"queued again: {dead['stored']}", "queued again 1 of 2"]
    eventually(lambda: states(postgres) == {"done": 1})
    done = command("drop", dead["redis"])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "dropped 1 of 1")
    assert command("list").stdout == "0 dead jobs in queue default\n"
    assert queue(redis, "XLEN", "jobs:default:dead") == "0"


def test_all_of_them(command, dead, postgres, redis):
    refused = command("drop", "--all")
    assert refused.returncode == 2 and "nothing was dropped" in refused.stderr
    assert command("list").stdout.startswith("2 dead jobs")
    again = command("retry", "--all")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "queued again 2 of 2")
    eventually(lambda: queue(redis, "XLEN", "jobs:default:dead") == "2")
    eventually(lambda: states(postgres) == {"dead": 1})
    dropped = command("drop", "--all", "--yes")
    assert (dropped.returncode, dropped.stdout.splitlines()[-1]) == (0, "dropped 2 of 2")
    assert states(postgres) == {"dropped": 1}


def test_works_from_postgresql_alone(command, dead, redis):
    for file in redis.folder.glob("appendonlydir/*"):
        file.unlink()
    alone = command("list", QUEUE_URL=f"redis://127.0.0.1:{free_port()}/1")
    assert alone.returncode == 0 and "without Redis" in alone.stderr
    assert alone.stdout.startswith("1 dead job in queue default")


def test_wrong_use_and_stores_that_are_away(command):
    assert command("retry").returncode == 2
    assert command("drop", "--all", "x").returncode == 2
    assert command("list", QUEUE_URL=None).returncode == 2
    away = command("list", DATABASE_URL=None, QUEUE_URL=f"redis://127.0.0.1:{free_port()}/1")
    assert away.returncode == 1 and "not connected" in away.stderr
