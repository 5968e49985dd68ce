"""The cache of users: never older than a change whose answer somebody has, and never in the way."""

import concurrent.futures
import re
import signal

import pytest
from clients import locked, make_user, waiting
from servers import eventually


def next_id(postgres) -> int:
    return int(postgres.sql("SELECT last_value + 1 FROM users_id_seq"))


def test_a_read_that_was_overtaken_by_a_change_is_not_kept(todo, postgres, redis):
    api = todo(THREADS="1")
    user, _ = make_user(api)
    key = f"user:{user}"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with locked(postgres, "users"):
            reader = pool.submit(api.get, f"/users/{user}")
            eventually(lambda: waiting(postgres) == 1)
            assert redis.run("EXISTS", key) == "1", "the reader's lease"
            redis.run("DEL", key)  # as another process does when it has changed the user
        assert reader.result()[0] == 200
    # The fill was sent with the answer; whatever is asked after it comes after it.
    assert redis.run("EXISTS", key) == "0", "what it had read may be older than the change"
    assert api.get(f"/users/{user}")[1]["source"] == "db"
    eventually(lambda: api.get(f"/users/{user}")[1]["source"] == "cache")


def test_while_a_user_is_being_changed_nothing_is_kept(api, redis):
    user, name = make_user(api)
    redis.run("EVAL", "redis.call('SET', KEYS[1], '\\0!somebody')", "1", f"user:{user}")
    for _ in range(3):
        assert api.get(f"/users/{user}") == (200, {"id": user, "data": name, "source": "db"})


def test_misses_of_one_user_are_one_read(todo, postgres, redis):
    api = todo(THREADS="1", STATEMENT_TIMEOUT="20")
    user, _ = make_user(api)
    queries = 'todo_database_queries_total{role="read"}'
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        with locked(postgres, "users"):
            before = api.metric(queries)
            readers = [pool.submit(api.get, f"/users/{user}") for _ in range(50)]
            eventually(lambda: api.metric("todo_cache_misses_total") == 50)
        assert {reader.result()[0] for reader in readers} == {200}
    assert api.metric(queries) - before == 1
    assert api.metric("todo_cache_joined_total") == 49


def test_a_read_after_a_change_joins_no_read_from_before_it(todo, postgres, redis):
    api = todo(THREADS="1")
    user, _ = make_user(api)
    queries = 'todo_database_queries_total{role="read"}'
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with locked(postgres, "users"):
            before = api.metric(queries)
            early = pool.submit(api.get, f"/users/{user}")
            eventually(lambda: waiting(postgres) == 1)
            redis.run("DEL", f"user:{user}")  # a change by another process, answered
            late = pool.submit(api.get, f"/users/{user}")
            eventually(lambda: api.metric("todo_cache_misses_total") == 2)
        assert early.result()[0] == late.result()[0] == 200
    assert api.metric(queries) - before == 2
    assert api.metric("todo_cache_joined_total") == 0


def test_an_unknown_user_is_remembered_until_there_is_one(todo, postgres, redis):
    api = todo(THREADS="1")
    coming = next_id(postgres)
    assert api.get(f"/users/{coming}")[0] == 404
    assert 0 < int(redis.run("TTL", f"user:{coming}")) <= 10
    assert api.get(f"/users/{coming}")[0] == 404
    assert api.metric("todo_cache_unknown_hits_total") == 1
    user, name = make_user(api)
    assert user == coming
    assert api.get(f"/users/{user}") == (200, {"id": user, "data": name, "source": "db"})


def test_what_changed_while_redis_was_away_is_forgotten_when_it_is_back(todo, postgres, redis):
    api = todo(THREADS="1", TODO_NEAR_CACHE="1")
    coming = next_id(postgres)
    assert api.get(f"/users/{coming}")[0] == 404
    redis.stop(signal.SIGKILL)
    try:
        user, name = make_user(api)
        assert user == coming
        assert api.get(f"/users/{user}")[0] == 200
    finally:
        redis.start()  # with what it had written to its log
    eventually(lambda: api.metric('todo_redis_connected{purpose="cache"}') == 1)
    assert api.get(f"/users/{user}")[1]["data"] == name


@pytest.fixture
def near(todo):
    return todo(THREADS="1", TODO_NEAR_CACHE="1")


def warm(api, user):
    eventually(lambda: api.get(f"/users/{user}")[1].get("source") == "cache")
    before = api.metric("todo_near_cache_hits_total")
    eventually(lambda: api.get(f"/users/{user}")[0] == 200 and api.metric("todo_near_cache_hits_total") > before)


def gets(redis) -> int:
    """Which each read of the cache begins with, and nobody else here sends."""
    found = re.search(r"cmdstat_get:calls=(\d+)", redis.run("INFO", "commandstats"))
    return int(found[1]) if found else 0


def test_the_near_cache_is_told_of_every_change(near, redis):
    user, name = make_user(near)
    other, _ = make_user(near)
    for one in (user, other):
        warm(near, one)
    asked = gets(redis)
    hits = near.metric("todo_near_cache_hits_total")
    for _ in range(100):
        assert near.get(f"/users/{user}") == (200, {"id": user, "data": name, "source": "cache"})
    assert near.metric("todo_near_cache_hits_total") - hits == 100
    assert gets(redis) == asked
    redis.run("SET", f"user:{user}", "renamed", "EX", "100")
    eventually(lambda: near.get(f"/users/{user}")[1]["data"] == "renamed", 20)   # not only when it is too old, after 30 s
    assert near.metric("todo_near_cache_invalidations_total") == 1
    redis.run("DEL", f"user:{user}")
    eventually(lambda: near.get(f"/users/{user}")[1]["data"] == name, 20)
    flushes = near.metric("todo_near_cache_flushes_total")
    warm(near, other)
    redis.run("FLUSHALL")
    eventually(lambda: near.metric("todo_near_cache_entries") == 0)
    assert near.metric("todo_near_cache_flushes_total") == flushes + 1


def test_the_near_cache_is_emptied_when_nobody_would_tell_it(near, redis):
    user, name = make_user(near)
    warm(near, user)
    redis.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    eventually(lambda: near.metric("todo_near_cache_flushes_total") == 1)
    warm(near, user)
    redis.process.send_signal(signal.SIGSTOP)  # silent: no more invalidations, no end of the connection
    try:
        eventually(lambda: near.metric("todo_near_cache_flushes_total") == 2, 20)
        assert near.get(f"/users/{user}") == (200, {"id": user, "data": name, "source": "db"})
    finally:
        redis.process.send_signal(signal.SIGCONT)


def test_the_near_cache_is_bounded(todo, redis):
    api = todo(THREADS="1", TODO_NEAR_CACHE="4000")
    users = [make_user(api)[0] for _ in range(60)]
    for _ in range(3):
        for user in users:
            assert api.get(f"/users/{user}")[0] == 200
    assert 0 < api.metric("todo_near_cache_bytes") <= 4000
    assert api.metric("todo_near_cache_evictions_total") > 0
