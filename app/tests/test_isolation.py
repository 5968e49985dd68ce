"""One table that is locked, one statement that is stuck: nobody else waits."""

import concurrent.futures
import time

import pytest
from clients import locked, make_user, waiting
from servers import eventually


STUCK_S = 20.0   # long enough for a slow machine to answer all others meanwhile


@pytest.fixture
def api(todo):
    return todo(THREADS="1", REDIS_URL=None, STATEMENT_TIMEOUT=str(STUCK_S))


def ask(call, *arguments, within_s=STUCK_S / 2, **more):
    began = time.monotonic()
    status = call(*arguments, **more)[0]
    took = time.monotonic() - began
    assert took < within_s, f"{arguments}: {took:.2f} s"
    return status


def test_a_locked_table_keeps_nobody_else_waiting(api, postgres):
    user, _ = make_user(api)
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        with locked(postgres, "tasks"):
            stuck = [pool.submit(api.get, f"/tasks/{user}") for _ in range(5)]
            stuck += [pool.submit(api.post, "/tasks/", title="x", owner_id=user) for _ in range(5)]
            eventually(lambda: waiting(postgres) >= 2)
            # Those that are behind them already, and those that come later.
            for _ in range(3):
                others = [pool.submit(ask, api.get, path)
                          for path in ("/", f"/users/{user}", "/health") for _ in range(10)]
                others += [pool.submit(ask, api.post, "/users/", username=f"{user}-{time.monotonic()}-{i}")
                           for i in range(3)]
                assert {other.result() for other in others} == {200}
        assert {one.result()[0] for one in stuck} == {200}, "within its deadline, what waited is done"
    assert api.get("/health")[0] == 200


def test_reads_behind_one_that_is_stuck_are_asked_elsewhere(api, postgres):
    user, _ = make_user(api)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        with locked(postgres, "tasks"):
            stuck = pool.submit(api.get, f"/tasks/{user}")
            others = [pool.submit(ask, api.get, f"/users/{user}") for _ in range(10)]
            assert {other.result() for other in others} == {200}
        assert stuck.result()[0] == 200


@pytest.mark.parametrize("limit", [20, 1000], ids=["lists that share a query", "a long list has its own"])
def test_a_statement_that_never_gets_its_lock_is_refused_at_once(todo, postgres, limit):
    """Three time-outs, then 503 at once; and back when the lock is gone."""
    timeout_s = 4.0
    api = todo(THREADS="1", REDIS_URL=None, STATEMENT_TIMEOUT=str(timeout_s))
    user, _ = make_user(api)
    path = f"/tasks/{user}?limit={limit}"
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        with locked(postgres, "tasks"):
            stuck = []
            for asked in (1, 2, 3):   # one by one, else they could share a query and its one time-out
                stuck.append(pool.submit(api.call, "GET", path))
                eventually(lambda: api.metric("http_requests_in_flight") == asked, timeout_s / 2)
            for one in stuck:
                status, headers, _ = one.result()
                assert status == 503 and headers["Retry-After"]
            # One at a time is still sent, after pauses that grow; between them each is refused at once.
            tries = []
            while not tries or tries[-1] > timeout_s / 2:
                assert len(tries) < 4, f"all of them waited as long as the others: {tries}"
                began = time.monotonic()
                status, headers, _ = api.call("GET", path)
                assert status == 503 and headers["Retry-After"]
                tries.append(time.monotonic() - began)
            assert ask(api.get, f"/users/{user}") == 200
            assert api.metric('todo_database_throttled{role="read"}') == 1
        eventually(lambda: api.get(path)[0] == 200)
    eventually(lambda: api.metric('todo_database_throttled{role="read"}') == 0)
