"""One table that is locked, one statement that is stuck: nobody else waits."""

import concurrent.futures
import time

import pytest
from clients import locked, make_user, waiting
from servers import eventually


@pytest.fixture
def api(todo):
    return todo(THREADS="1", REDIS_URL=None)


def ask(call, *arguments, within_s=3.0, **more):   # what is stuck is so for 5 s
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


def test_a_statement_that_never_gets_its_lock_is_refused_at_once(api, postgres):
    """Three time-outs of 5 s, then 503 at once; and back when the lock is gone."""
    user, _ = make_user(api)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        with locked(postgres, "tasks"):
            stuck = [pool.submit(api.call, "GET", f"/tasks/{user}") for _ in range(3)]
            for one in stuck:
                status, headers, _ = one.result()
                assert status == 503 and headers["Retry-After"]
            began = time.monotonic()
            status, headers, _ = api.call("GET", f"/tasks/{user}")
            assert status == 503 and headers["Retry-After"]
            assert time.monotonic() - began < 3, "it waited for the 5 s of the others"
            assert ask(api.get, f"/users/{user}") == 200
            assert api.metric('todo_database_throttled{role="read"}') == 1
        eventually(lambda: api.get(f"/tasks/{user}")[0] == 200, 8)
    eventually(lambda: api.metric('todo_database_throttled{role="read"}') == 0)
