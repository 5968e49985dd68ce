"""Jobs: none accepted is lost, none is done by two at a time, whatever is killed."""

import concurrent.futures
import json
import random
import signal
import subprocess

import pytest
from conftest import BINARY
from held_jobs import MOST_ATTEMPTS, HeldJobs
from servers import Postgres, Redis, Server, eventually


@pytest.fixture
def redis(folder):
    """One of its own: these tests kill it and take its data away."""
    mine = folder / f"redis-{random.getrandbits(32):x}"
    mine.mkdir()
    server = Redis(mine)
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture(autouse=True)
def no_jobs(postgres, database):
    postgres.sql("DELETE FROM jobs")


@pytest.fixture
def held(postgres, database):
    made = HeldJobs(postgres)
    yield made
    made.close()


def put(postgres, kind, payload, owner="NULL", count=1):
    """Jobs as a transaction of the service would write them."""
    text = json.dumps(payload).replace("'", "''")
    return postgres.sql(f"INSERT INTO jobs (kind, payload, owner_id) SELECT '{kind}', '{text}', {owner} "
                        f"FROM generate_series(1, {count}) RETURNING id").split()


def states(postgres):
    rows = postgres.sql("SELECT state, count(*) FROM jobs GROUP BY 1").split()
    return {state: int(count) for state, count in (row.split("|") for row in rows)}


def queue(redis, *words):
    return redis.run(*words, database=1)


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "redis only"])
def test_a_job_is_done_and_leaves_nothing_behind(todo, redis, postgres, stored):
    environment = {} if stored else {"DATABASE_URL": None}
    api = todo(**environment)
    # Without a database it is ready before it has reached Redis.
    job = eventually(lambda: api.post("/jobs/", kind="sum_squares", n=1000)[1]["id"])
    assert api.get(f"/jobs/{job}") == (200, {"id": job, "kind": "sum_squares", "n": 1000, "status": "queued"})
    worker = todo("worker", **environment)
    done = eventually(lambda: (lambda got: got if got["status"] == "done" else None)(api.get(f"/jobs/{job}")[1]))
    assert done["result"] == sum(i * i for i in range(1000))
    eventually(lambda: queue(redis, "XLEN", "jobs:default") == "0")
    assert queue(redis, "HLEN", "jobs:default:known") == "0"
    assert worker.stop() == 0
    assert queue(redis, "XINFO", "CONSUMERS", "jobs:default", "workers") == ""


def test_an_entry_of_an_older_version_is_done(todo, redis):
    queue(redis, "HSET", "job:abc", "status", "queued", "kind", "sum_squares", "n", "4")
    queue(redis, "XADD", "jobs:default", "*", "id", "abc", "kind", "sum_squares", "n", "4")
    api = todo(DATABASE_URL=None)
    todo("worker")
    eventually(lambda: api.get("/jobs/abc")[1] == {"id": "abc", "kind": "sum_squares", "n": 4, "status": "done",
                                                   "result": 14})


def test_accepted_while_redis_is_away_and_done_when_it_is_back(todo, redis, postgres):
    api = todo()
    redis.stop(signal.SIGKILL)
    jobs = [api.post("/jobs/", kind="sum_squares", n=n) for n in range(20)]
    assert {status for status, _ in jobs} == {202}
    todo("worker", ready=False)
    redis.start()
    eventually(lambda: states(postgres) == {"done": 20})
    assert [api.get(f"/jobs/{job['id']}")[1]["result"] for _, job in jobs] == [
        sum(i * i for i in range(n)) for n in range(20)]


def test_no_accepted_job_is_lost_with_redis_data(todo, redis, postgres):
    """The tutorial's service loses all 2,000."""
    api = todo()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: api.post("/jobs/", kind="sum_squares", n=n)[0], range(2000)))
    assert set(answers) == {202}
    eventually(lambda: queue(redis, "XLEN", "jobs:default") == "2000")
    redis.stop(signal.SIGKILL)
    for file in redis.folder.glob("appendonlydir/*"):
        file.unlink()
    redis.start()
    assert queue(redis, "XLEN", "jobs:default") == "0"
    todo("worker")
    eventually(lambda: states(postgres) == {"done": 2000})
    assert postgres.sql("SELECT max(attempts) FROM jobs") == "1"


def test_redis_restarted_empty_while_workers_work(todo, redis, postgres):
    workers = [todo("worker", "--claim-after", "2") for _ in range(2)]
    put(postgres, "sum_squares", {"n": 2_000_000}, count=1500)
    eventually(lambda: states(postgres).get("done", 0) > 50)
    redis.stop(signal.SIGKILL)
    for file in redis.folder.glob("appendonlydir/*"):
        file.unlink()
    redis.start()
    eventually(lambda: states(postgres) == {"done": 1500}, 120)
    assert all(worker.stop() == 0 for worker in workers)


def test_ten_thousand_jobs_and_workers_killed_all_the_time(todo, redis, postgres, held):
    """At least once: a job in hand when its worker dies is done once more, and none is lost; nor do the 200 wait for
    minutes that a relay had taken when it died."""
    flags, kills, each = ("worker", "--claim-after", "1"), 20, 500
    workers = [todo(*flags, **held.environment) for _ in range(4)]
    ids = []

    def kill(victim):
        workers[victim].stop(signal.SIGKILL)
        workers[victim] = todo(*flags, ready=False, **held.environment)

    # The others may be between two jobs when their end comes; this one is not.
    held.put()
    eventually(lambda: held.deliveries == 1)
    consumer = postgres.sql("SELECT worker FROM jobs")
    kill(next(i for i, worker in enumerate(workers) if f"-{worker.process.pid}-" in consumer))
    held.let_go()
    for _ in range(kills):
        ids += put(postgres, "sum_squares", {"n": 200_000}, count=each)
        eventually(lambda: states(postgres).get("done", 0) > len(ids) - each)   # it is in the middle of these
        kill(random.randrange(len(workers)))
    assert len(ids) == 10_000
    eventually(lambda: states(postgres) == {"done": 10_001}, 240)
    assert set(ids) < set(postgres.sql("SELECT id FROM jobs WHERE state = 'done'").split())
    again = int(postgres.sql("SELECT count(*) FROM jobs WHERE attempts > 1"))
    assert 0 < again <= kills * 8 * 2, "only what was in hand is done once more"
    assert int(postgres.sql("SELECT max(attempts) FROM jobs")) <= 5
    eventually(lambda: queue(redis, "XLEN", "jobs:default") == "0")
    print(f"{kills} workers killed, {again} jobs begun more than once")


def test_a_bulk_job_makes_its_tasks_once_though_workers_die(todo, redis, postgres):
    owner = postgres.sql("INSERT INTO users (username) VALUES (gen_random_uuid()) RETURNING id")
    put(postgres, "bulk_tasks", {"tasks": [{"title": "a"}, {"title": "b", "completed": True}]}, owner, count=300)
    workers = [todo("worker", "--claim-after", "0.5") for _ in range(2)]
    for killed in range(6):
        eventually(lambda: states(postgres).get("done", 0) >= 40 * killed)
        workers.pop(0).stop(signal.SIGKILL)
        workers.append(todo("worker", "--claim-after", "0.5", ready=False))
    eventually(lambda: states(postgres) == {"done": 300})
    assert postgres.sql(f"SELECT count(*), count(*) FILTER (WHERE completed) FROM tasks WHERE owner_id = {owner}") == \
        "600|300"
    created = json.loads(postgres.sql("SELECT result FROM jobs LIMIT 1"))["created"]
    assert len(created) == 2


def test_a_long_job_is_not_taken_over_while_its_worker_lives(todo, redis, postgres, held):
    flags = ("worker", "--claim-after", "3")   # a worker that stands still for that long would lose it, and rightly
    first = todo(*flags, **held.environment)
    held.put()
    eventually(lambda: held.deliveries == 1)
    second = todo(*flags, **held.environment)
    leases = set()   # it lasts for longer than some of them
    eventually(lambda: leases.add(postgres.sql("SELECT lease_until FROM jobs")) or len(leases) >= 5)
    held.let_go()
    eventually(lambda: states(postgres) == {"done": 1})
    assert postgres.sql("SELECT attempts FROM jobs") == "1"
    assert held.deliveries == 1
    for worker in (first, second):
        assert "taking over" not in worker.output()


def test_a_job_that_kills_its_workers_is_given_up(todo, redis, postgres, held):
    """Else it would kill them all, for ever."""
    # A worker that stands still for that long would try it once more than it is killed.
    kills, flags = 3, ("worker", "--claim-after", "2")
    held.put(attempts=MOST_ATTEMPTS - kills)
    for killed in range(kills):
        worker = todo(*flags, **held.environment)
        eventually(lambda: held.deliveries == killed + 1)
        worker.stop(signal.SIGKILL)
        eventually(lambda: postgres.sql("SELECT count(*) FROM jobs WHERE lease_until < now()") == "1")
    worker = todo(*flags, **held.environment)
    eventually(lambda: states(postgres) == {"dead": 1})
    assert held.deliveries == kills
    assert "its workers died" in postgres.sql("SELECT error FROM jobs")
    # Counted when Redis knows as well, a moment after the database.
    eventually(lambda: worker.metric('jobs_processed_total{kind="webhook",outcome="dead"}') == 1)
    eventually(lambda: worker.metric('queue_dead{queue="default"}') == 1)


def test_sigterm_finishes_what_is_in_hand(todo, redis, postgres, held):
    worker = todo("worker", **held.environment)
    held.put(count=2)
    eventually(lambda: held.deliveries == 2)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        exit_code = pool.submit(worker.stop)
        eventually(lambda: "draining" in worker.output())
        assert states(postgres) == {"running": 2}
        held.let_go()
        assert exit_code.result() == 0
    assert states(postgres) == {"done": 2}


def test_sigterm_hands_back_what_does_not_end_in_time(todo, redis, postgres, held):
    worker = todo("worker", "--drain-deadline", "0.2", "--concurrency", "3", **held.environment)
    held.put(count=3)
    eventually(lambda: held.deliveries == 3)
    assert worker.stop() == 0
    assert states(postgres) == {"queued": 3}
    # Had it waited for the receiver, that would have been a failure: of a delivery that was given up.
    assert postgres.sql("SELECT max(attempts) FROM jobs") == "0", "a drain is not a failure"
    assert queue(redis, "XPENDING", "jobs:default", "workers").splitlines()[0] == "0"
    assert queue(redis, "XLEN", "jobs:default") == "3"
    held.let_go()
    todo("worker", "--claim-after", "3600", **held.environment)
    eventually(lambda: states(postgres) == {"done": 3})


def test_sigterm_hands_back_what_computes(todo, redis, postgres):
    """So many that they cannot all end in the time that they get."""
    worker = todo("worker", "--drain-deadline", "0.1", "--concurrency", "400")
    put(postgres, "sum_squares", {"n": 1_000_000_000}, count=400)
    eventually(lambda: states(postgres).get("running", 0) >= 1)
    assert worker.stop() == 0
    ended = states(postgres)
    assert set(ended) <= {"queued", "done"} and ended["queued"] > 0, ended
    assert postgres.sql("SELECT max(attempts) FROM jobs WHERE state = 'queued'") == "0"


def test_postgresql_restarted_while_workers_work(todo, redis, postgres):
    todo("worker", "--claim-after", "2")
    put(postgres, "sum_squares", {"n": 1_000_000}, count=1500)
    eventually(lambda: states(postgres).get("done", 0) > 20)
    postgres.stop()
    postgres.start()
    eventually(lambda: states(postgres) == {"done": 1500}, 120)


def test_metrics_of_a_queue(todo, redis, postgres):
    api = todo()
    api.post("/jobs/", kind="sum_squares", n=1)
    eventually(lambda: api.metric('queue_depth{queue="default"}') == 1)
    eventually(lambda: api.metric('queue_oldest_waiting_seconds{queue="default"}') > 0.5)
    worker = todo("worker", "--retry-first", "600")
    eventually(lambda: worker.metric('queue_depth{queue="default"}') == 0)
    eventually(lambda: worker.metric('queue_oldest_waiting_seconds{queue="default"}') == 0)
    put(postgres, "of_a_newer_version", {})
    eventually(lambda: worker.metric('queue_delayed{queue="default"}') == 1)
    eventually(lambda: worker.metric('jobs_processed_total{kind="unknown",outcome="retried"}') == 1)
    assert worker.metric('jobs_processed_total{kind="sum_squares",outcome="done"}') == 1
    assert worker.metric('job_duration_seconds_count{kind="sum_squares",outcome="done"}') == 1
    eventually(lambda: worker.metric("jobs_in_hand") == 0)   # looked at five times a second
    assert worker.metric("jobs_relayed_total") == 1
