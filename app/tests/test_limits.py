"""Rate limits: counted in Redis for all replicas, by each process alone while Redis is away."""

import itertools
import json
import random
import re
import signal
import subprocess
import urllib.parse
import uuid

import pytest
from conftest import BINARY
from servers import eventually

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DEFAULTS = {"RATE_LIMIT_TOKEN": None, "RATE_LIMIT_TOKEN_USER": None, "RATE_LIMIT_REGISTRATION": None,
            "RATE_LIMIT_SESSION": None, "RATE_LIMIT_TASKS": None}
numbers = itertools.count()
BEHIND_PROXY = {"TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.0/8"}


def somebody() -> str:
    """An address that no other test has: they are given in turn."""
    number = next(numbers)
    return f"203.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def log_in(api, address, username=None):
    body = urllib.parse.urlencode({"username": username or str(uuid.uuid4()), "password": "wrong"})
    return api.call("POST", "/token", body=body, headers={**FORM, "X-Forwarded-For": address})


def list_tasks(api, address):
    return api.call("GET", "/tasks/?limit=1", headers={"X-Forwarded-For": address})


def statuses(answers) -> list:
    return [status for status, *_ in answers]


def decisions(api, limit, outcome, by):
    return api.metric(f'todo_limit_decisions_total{{limit="{limit}",outcome="{outcome}",by="{by}"}}')


def test_guesses_of_refresh_tokens_are_limited_by_address(todo):
    body, address = json.dumps({"refresh_token": "guessed"}), somebody()
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
    usual = todo(**DEFAULTS, **BEHIND_PROXY)
    status, answered, _ = usual.call("POST", "/v1/auth/refresh", body=body,
                                     headers={**headers, "X-Forwarded-For": somebody()})
    assert (status, answered["RateLimit-Policy"]) == (401, '"session";q=60;w=60')
    # Of a minute's 60 one comes back each second, and a slow machine needs longer than that for all of them.
    api = todo(**{**DEFAULTS, "RATE_LIMIT_SESSION": "60/hour"}, **BEHIND_PROXY)
    refreshed = [api.call("POST", "/v1/auth/refresh", body=body, headers=headers) for _ in range(60)]
    assert 429 not in statuses(refreshed)
    assert api.call("POST", "/v1/auth/refresh", body=body, headers=headers)[0] == 429
    assert api.call("POST", "/v1/auth/logout", body=body, headers=headers)[0] == 429, "logging out counts with it"
    elsewhere = {**headers, "X-Forwarded-For": somebody()}
    assert api.call("POST", "/v1/auth/logout", body=body, headers=elsewhere)[0] == 204


def test_five_logins_a_minute_from_an_address_whichever_replica_is_asked(todo):
    replicas = [todo(**DEFAULTS, **BEHIND_PROXY) for _ in range(2)]
    address = somebody()
    answers = [log_in(replicas[i % 2], address) for i in range(7)]
    assert statuses(answers) == [401] * 5 + [429] * 2
    _, headers, body = answers[0]
    assert headers["RateLimit-Policy"] == '"token";q=5;w=60, "token-user";q=10;w=60'
    assert headers["RateLimit"] == '"token";r=4;t=12, "token-user";r=9;t=6'
    _, headers, body = answers[5]
    assert body == {"detail": "Too many requests; see Retry-After"}
    assert 1 <= int(headers["Retry-After"]) <= 12
    assert re.fullmatch(r'"token";r=0;t=(5\d|60), "token-user";r=10;t=0', headers["RateLimit"])
    assert log_in(replicas[0], somebody())[0] == 401, "another address pays for it"
    assert decisions(replicas[0], "token", "allowed", "redis") + decisions(replicas[1], "token", "allowed", "redis") == 6
    assert decisions(replicas[1], "token", "refused", "redis") == 1
    assert replicas[1].metric('todo_logins_total{outcome="limited"}') == 1
    assert replicas[1].metric("todo_password_hashes_total") == 2, "refused logins are hashed all the same"


def test_one_user_is_not_guessed_from_many_addresses(todo, redis):
    # The usual 10 of a minute come back one each 6 s, less than a slow machine may need for eleven hashes.
    api = todo(**{**DEFAULTS, "RATE_LIMIT_TOKEN_USER": "10/hour"}, **BEHIND_PROXY)
    name = f"zoe {uuid.uuid4()}"
    assert statuses(log_in(api, somebody(), name) for _ in range(11)) == [401] * 10 + [429]
    assert log_in(api, somebody(), name.upper())[0] == 401
    keys = redis.run("KEYS", "limit:token-user:*")
    assert keys and name not in keys, "what people type into forms is kept in Redis"


@pytest.mark.parametrize("addresses,expected", [
    (["2001:db8:{0}:{1}::1", "2001:db8:{0}:{1}:ffff::2"], 429),   # one customer's network
    (["2001:db8:{0}:{1}::1", "2001:db8:{0}:{2}::1"], 401),
    (["{3}", "::ffff:{3}"], 429),
    (["{3}", "evil, {3}"], 429),        # written by the client itself
    (["{3}", "{3}, 10.1.1.1"], 429),    # a proxy behind a proxy
    (["{3}:1234", "{3}"], 429),
])
def test_who_an_address_is(todo, addresses, expected):
    api = todo(**{**DEFAULTS, "RATE_LIMIT_TOKEN": "1/minute"}, **BEHIND_PROXY)
    networks = [f"{number:x}" for number in random.sample(range(1, 65536), 3)]
    someone = somebody()
    first, second = (address.format(*networks, someone) for address in addresses)
    assert statuses([log_in(api, first), log_in(api, second)]) == [401, expected]


def test_without_trusted_proxies_nobody_chooses_their_address(todo, redis):
    api = todo(RATE_LIMIT_TOKEN="5/minute", REDIS_URL=redis.url(5))
    assert statuses(log_in(api, somebody()) for _ in range(6)) == [401] * 5 + [429]
    assert api.output().count("set TRUSTED_PROXIES") == 1, "nobody learns why all clients behind a proxy are one"


def test_the_tutorials_list_is_limited_and_nothing_else(todo):
    api = todo(**DEFAULTS, **BEHIND_PROXY)
    address = somebody()
    answers = [list_tasks(api, address) for _ in range(6)]
    assert statuses(answers) == [200] * 5 + [429]
    assert answers[0][1]["RateLimit-Policy"] == '"tasks";q=5;w=60' and answers[0][1]["RateLimit"] == '"tasks";r=4;t=12'
    assert int(answers[5][1]["Retry-After"]) >= 1
    headers = {"X-Forwarded-For": address}
    for _ in range(20):
        for path in ("/", "/tasks/1", "/users/1"):
            status, got, _ = api.call("GET", path, headers=headers)
            assert status in (200, 404) and "RateLimit" not in got


def test_the_quota_comes_back_bit_by_bit(todo):
    interval_s = 4   # five requests are made in less, on a slow machine too
    api = todo(**{**DEFAULTS, "RATE_LIMIT_TASKS": f"4/{4 * interval_s}s"}, **BEHIND_PROXY)
    address = somebody()
    assert statuses(list_tasks(api, address) for _ in range(5)) == [200] * 4 + [429]
    eventually(lambda: list_tasks(api, address)[0] == 200)   # what is refused costs nothing
    assert list_tasks(api, address)[0] == 429, "more than one came back"


def test_a_users_rate_on_v1(todo):
    api = todo(RATE_LIMIT_USER="3/minute")
    name = f"u-{uuid.uuid4()}"
    made = api.call("POST", "/v1/users", body=json.dumps({"username": name, "password": "correct horse"}),
                    headers={"Content-Type": "application/json"})
    assert made[0] == 201 and "RateLimit" not in made[1]
    login = api.call("POST", "/token", body=urllib.parse.urlencode({"username": name, "password": "correct horse"}),
                     headers=FORM)[2]
    bearer = {"Authorization": f"Bearer {login['access_token']}"}
    answers = [api.call("GET", "/v1/tasks", headers=bearer) for _ in range(4)]
    assert statuses(answers) == [200] * 3 + [429]
    assert answers[3][1]["Content-Type"] == "application/problem+json"
    assert answers[0][1]["RateLimit"] == '"user";r=2;t=20'
    assert api.call("GET", "/v1/tasks")[0] == 401


def test_while_redis_is_away_each_process_limits_by_itself(todo, redis):
    api = todo(**DEFAULTS, **BEHIND_PROXY, THREADS="1")   # each comes back to Redis when its own connection does
    assert log_in(api, somebody())[0] == 401
    redis.stop(signal.SIGKILL)
    try:
        address = somebody()
        assert statuses(log_in(api, address) for _ in range(6)) == [401] * 5 + [429], "Redis away is an invitation to guess"
        assert statuses(list_tasks(api, address) for _ in range(6)) == [200] * 5 + [429]
        assert decisions(api, "token", "refused", "local") == 1
    finally:
        redis.start()
    eventually(lambda: log_in(api, somebody())[0] == 401 and decisions(api, "token", "allowed", "redis") >= 2)
    address = somebody()
    assert statuses(log_in(api, address) for _ in range(6)) == [401] * 5 + [429]


def test_without_redis_limits_hold_too(todo):
    api = todo(**{**DEFAULTS, "REDIS_URL": None, "QUEUE_URL": None}, **BEHIND_PROXY)
    address = somebody()
    assert statuses(log_in(api, address) for _ in range(6)) == [401] * 5 + [429]


@pytest.mark.parametrize("setting,value", [
    ("RATE_LIMIT_TOKEN", "five"), ("TRUSTED_PROXIES", "10.0.0.0/8,nginx"), ("FORWARDED_HEADER", "X-Real-IP")])
def test_a_limit_that_cannot_be_read_is_not_no_limit(setting, value):
    done = subprocess.run([BINARY, "serve", "--port", "0", "--metrics-port", "0"], env={setting: value},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and setting in done.stderr and done.stderr.count("\n") == 1
