"""What clients see while something is broken, and that nothing acknowledged is lost."""

import concurrent.futures
import http.client
import signal
import subprocess
import time

import pytest
from clients import Load, locked, make_user, waiting
from conftest import BINARY
from servers import eventually, free_port
from test_jobs import held, states  # noqa: F401  (fixtures)


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


def test_a_redis_that_hangs_is_waited_for_once(todo, redis):
    api = todo(THREADS="1")   # each has a connection of its own, and finds out for itself
    user, name = make_user(api)
    eventually(lambda: api.get(f"/users/{user}")[1]["source"] == "cache")
    late = 'todo_redis_late_total{purpose="cache"}'
    before = api.metric(late)
    redis.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(20):
            assert api.get(f"/users/{user}") == (200, {"id": user, "data": name, "source": "db"})
        assert api.metric(late) == before + 1
    finally:
        redis.process.send_signal(signal.SIGCONT)


def test_postgresql_restart_is_503_and_back(todo, postgres):
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
    returned = time.monotonic()
    # Every connection comes back, without anybody's help.
    eventually(lambda: {status for _, status, _ in load.answers[-500:]} == {200})
    load.finish()
    last = max(at for at, status, _ in load.answers if status == 503)
    print(f"the last 503 came {last - returned:.2f} s after PostgreSQL was back")   # two seconds are promised
    assert not load.failures
    assert {status for _, status, _ in load.answers} == {200, 503}
    assert all(retry for _, status, retry in load.answers if status == 503)


def test_a_locked_table_does_not_hold_up_the_rest(todo, postgres):
    api = todo(REDIS_URL=None, STATEMENT_TIMEOUT="20")
    user = make_user(api)[0]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with locked(postgres, "tasks"):
            write = pool.submit(api.post, "/tasks/", title="x", owner_id=user)
            eventually(lambda: waiting(postgres) == 1)
            for path in ("/", f"/users/{user}", "/health"):
                assert api.get(path)[0] == 200
            assert not write.done(), "the rest was answered behind it"
        assert write.result()[0] == 200, "the write waits for the lock, within its deadline"


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
    eventually(lambda: api.get("/readyz")[0] == 200)
    assert "pw@" not in api.output(), "a password in the log"


def test_is_not_ready_before_the_migrations(todo, postgres):
    postgres.sql("CREATE DATABASE empty")
    api = todo(ready=False, DATABASE_URL=postgres.url.replace("/postgres", "/empty"))
    eventually(lambda: postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'empty' AND query <> ''") != "0")
    assert api.get("/readyz")[0] == 503
    subprocess.run([BINARY, "migrate"], env={"DATABASE_URL": postgres.url.replace("/postgres", "/empty")}, check=True,
                   stdout=subprocess.DEVNULL)
    eventually(lambda: api.get("/readyz")[0] == 200)


@pytest.mark.parametrize("path", ["/", "/users/1"])
def test_sigterm_under_load_fails_no_request(todo, path):
    """Two processes stand for two pods: the second takes the port's new connections when the first one closes."""
    delay_s = 5   # in which it has to be seen leaving, beside clients that never rest
    first = todo(THREADS="2", SHUTDOWN_DELAY=str(delay_s))
    second = todo(ready=True, PORT=str(first.port))  # SO_REUSEPORT: both listen, the kernel balances
    load = Load(first, path, clients=16)
    eventually(lambda: len(load.answers) > 500)
    leaving = time.monotonic()
    first.process.send_signal(signal.SIGTERM)
    eventually(lambda: first.get("/readyz", first.metrics_port)[0] == 503)
    assert first.process.wait(60) == 0
    left = time.monotonic()
    eventually(lambda: sum(at > left for at, *_ in load.answers) > 200)
    load.finish()
    first.process = None
    assert not load.failures
    assert not {status for _, status, _ in load.answers} - {200, 404}
    assert left - leaving >= delay_s, "it must go on serving for SHUTDOWN_DELAY"
    assert second.stop() == 0


def test_an_idle_connection_learns_of_the_end_with_its_last_answer(todo):
    api = todo(SHUTDOWN_DELAY="60")   # nobody waits for its end
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


def test_a_killed_workers_job_is_done_by_another(api, todo, redis, postgres, held):  # noqa: F811
    victim = todo("worker", "--claim-after", "0.5", **held.environment)
    held.put()
    eventually(lambda: held.deliveries == 1)
    assert redis.run("XPENDING", "jobs:default", "workers", database=1).splitlines()[0] == "1"
    victim.stop(signal.SIGKILL)
    held.let_go()
    jobs = [api.post("/jobs/", kind="sum_squares", n=n)[1]["id"] for n in range(100)]
    todo("worker", "--claim-after", "0.5", **held.environment)
    eventually(lambda: states(postgres) == {"done": 101})
    assert held.deliveries >= 2
    for n, one in enumerate(jobs):
        assert api.get(f"/jobs/{one}")[1]["result"] == sum(i * i for i in range(n))
    eventually(lambda: redis.run("XLEN", "jobs:default", database=1) == "0")


def test_jobs_are_refused_while_the_queue_is_away_and_there_is_no_database(todo):
    api = todo(QUEUE_URL=f"redis://127.0.0.1:{free_port()}/1", DATABASE_URL=None)
    status, headers, _ = api.call("POST", "/jobs/?kind=sum_squares&n=1")
    assert status == 503 and headers["Retry-After"]
