"""What clients see while something is broken, and that nothing acknowledged is lost."""

import concurrent.futures
import http.client
import signal
import time

import pytest
from clients import Load, make_user
from conftest import BINARY
from servers import eventually, free_port


def test_cached_reads_never_fail_when_redis_is_killed(api, redis):
    user = make_user(api)[0]
    load = Load(api, f"/users/{user}")
    eventually(lambda: len(load.answers) > 100)
    redis.stop(signal.SIGKILL)
    killed = time.monotonic()
    eventually(lambda: sum(at > killed for at, *_ in load.answers) > 200)
    redis.start()
    eventually(lambda: api.get(f"/users/{user}")[1]["source"] == "cache")
    load.finish()
    assert not load.failures
    assert {status for _, status, _ in load.answers} == {200}


def test_a_redis_that_hangs_costs_half_a_second_once(api, redis):
    user = make_user(api)[0]
    assert api.get(f"/users/{user}")[0] == 200
    redis.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert api.get(f"/users/{user}")[0] == 200
        assert time.monotonic() - began < 2
    finally:
        redis.process.send_signal(signal.SIGCONT)


def test_postgresql_restart_is_503_and_back_within_two_seconds(todo, postgres):
    api = todo(REDIS_URL=None, QUEUE_URL=None)
    user = make_user(api)[0]
    load = Load(api, f"/users/{user}")
    eventually(lambda: len(load.answers) > 100)
    postgres.stop()
    eventually(lambda: any(status == 503 for _, status, _ in load.answers))
    assert api.get("/health")[0] == 503
    assert api.get("/")[0] == 200
    assert api.get("/livez")[0] == 200
    assert api.get("/readyz")[0] == 200, "else the Service would have no endpoint left to say 503"
    postgres.start()
    back = time.monotonic()
    eventually(lambda: api.get(f"/users/{user}")[0] == 200, 2)
    eventually(lambda: any(at > back + 0.1 and status == 200 for at, status, _ in load.answers))
    load.finish()
    assert not load.failures
    assert {status for _, status, _ in load.answers} == {200, 503}
    assert all(retry for _, status, retry in load.answers if status == 503)
    assert not [status for at, status, _ in load.answers if at > back + 2 and status != 200]


def test_a_locked_table_does_not_hold_up_the_rest(todo, postgres):
    api = todo(REDIS_URL=None)
    user = make_user(api)[0]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        lock = pool.submit(postgres.sql, "BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT")
        eventually(lambda: postgres.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'") != "0")
        write = pool.submit(api.post, "/tasks/", title="x", owner_id=user)
        for path in ("/", f"/users/{user}", "/health"):
            began = time.monotonic()
            assert api.get(path)[0] == 200
            assert time.monotonic() - began < 1
        assert write.result()[0] == 200, "the write waits for the lock, within its deadline"
        lock.result()


def test_starts_without_a_database_and_becomes_ready_with_it(todo, postgres, database):
    postgres.stop()
    try:
        api = todo(ready=False)
        assert api.get("/livez")[0] == 200
        assert api.get("/readyz")[0] == 503
        assert api.get("/")[0] == 200
        status, headers, _ = api.call("GET", "/tasks/1")
        assert status == 503 and headers["Retry-After"]
    finally:
        postgres.start()
    eventually(lambda: api.get("/readyz")[0] == 200, 5)
    assert "pw@" not in api.output(), "a password in the log"


def test_is_not_ready_before_the_migrations(todo, postgres):
    postgres.sql("CREATE DATABASE empty")
    api = todo(ready=False, DATABASE_URL=postgres.url.replace("/postgres", "/empty"))
    time.sleep(0.3)
    assert api.get("/readyz")[0] == 503
    import subprocess
    subprocess.run([BINARY, "migrate"], env={"DATABASE_URL": postgres.url.replace("/postgres", "/empty")}, check=True,
                   stdout=subprocess.DEVNULL)
    eventually(lambda: api.get("/readyz")[0] == 200, 5)


@pytest.mark.parametrize("path", ["/", "/users/1"])
def test_sigterm_under_load_fails_no_request(todo, path):
    """Two processes stand for two pods: the second takes the port's new connections when the first one closes."""
    first = todo(THREADS="2")
    second = todo(ready=True, PORT=str(first.port))  # SO_REUSEPORT: both listen, the kernel balances
    load = Load(first, path, clients=16)
    eventually(lambda: len(load.answers) > 500)
    leaving = time.monotonic()
    first.process.send_signal(signal.SIGTERM)
    eventually(lambda: first.get("/readyz", first.metrics_port)[0] == 503)
    assert first.process.wait(30) == 0
    left = time.monotonic()
    eventually(lambda: sum(at > left for at, *_ in load.answers) > 200)
    load.finish()
    first.process = None
    assert not load.failures
    assert not {status for _, status, _ in load.answers} - {200, 404}
    assert left - leaving >= 1, "it must go on serving for SHUTDOWN_DELAY"
    assert second.stop() == 0


def test_an_idle_connection_learns_of_the_end_with_its_last_answer(api):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    assert answer.getheader("Connection") is None
    api.process.send_signal(signal.SIGTERM)
    eventually(lambda: api.get("/readyz", api.metrics_port)[0] == 503)
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")


def test_acknowledged_writes_survive_kill_9(todo, postgres):
    api = todo()
    user = make_user(api)[0]
    acknowledged = []

    def write():
        while True:
            try:
                status, task = api.post("/tasks/", title="t", owner_id=user)
            except OSError:
                return
            if status == 200:
                acknowledged.append(task["id"])

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(write)
        eventually(lambda: len(acknowledged) > 50)
        api.stop(signal.SIGKILL)
    stored = set(postgres.sql(f"SELECT id FROM tasks WHERE owner_id = {user}").split())
    assert {str(one) for one in acknowledged} <= stored


def test_a_killed_workers_job_is_done_by_another(api, todo, redis):
    victim = todo("worker", "--claim-after", "0.5")
    status, job = api.post("/jobs/", kind="sum_squares", n=1_000_000_000)
    assert status == 202
    eventually(lambda: redis.run("XPENDING", "jobs:default", "workers", database=1).splitlines()[0] == "1")
    victim.stop(signal.SIGKILL)
    jobs = [api.post("/jobs/", kind="sum_squares", n=n)[1]["id"] for n in range(100)]
    todo("worker", "--claim-after", "0.5")
    eventually(lambda: api.get(f"/jobs/{job['id']}")[1]["status"] == "done", 60)
    for n, one in enumerate(jobs):
        record = eventually(lambda: (lambda got: got if got["status"] == "done" else None)(api.get(f"/jobs/{one}")[1]), 60)
        assert record["result"] == sum(i * i for i in range(n))
    assert redis.run("XLEN", "jobs:default", database=1) == "0"


def test_sigterm_lets_a_worker_finish_its_job(api, todo, redis):
    worker = todo("worker")
    status, job = api.post("/jobs/", kind="sum_squares", n=300_000_000)
    eventually(lambda: redis.run("XPENDING", "jobs:default", "workers", database=1).splitlines()[0] == "1")
    assert worker.stop() == 0
    assert api.get(f"/jobs/{job['id']}")[1]["status"] == "done"
    assert redis.run("XINFO", "CONSUMERS", "jobs:default", "workers", database=1).find(str(worker.port)) == -1


def test_jobs_are_refused_while_the_queue_is_away_and_there_is_no_database(todo):
    api = todo(QUEUE_URL=f"redis://127.0.0.1:{free_port()}/1", DATABASE_URL=None)
    status, headers, _ = api.call("POST", "/jobs/?kind=sum_squares&n=1")
    assert status == 503 and headers["Retry-After"]
