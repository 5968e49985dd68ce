"""What was acknowledged is there, whatever was killed; and a dependency that is slow or away costs little."""

import signal
import socket
import threading
import time
import urllib.parse

from clients import Load, Writers, make_user
from servers import eventually


def missing(postgres, titles) -> set:
    stored = postgres.sql("SELECT title FROM tasks WHERE length(title) = 36").splitlines()
    return set(titles) - set(stored)


def test_every_acknowledged_write_survives_the_death_of_the_process(todo, postgres):
    """Three times killed -9 in the middle of its batches."""
    api = todo(REDIS_URL=None)
    owner, _ = make_user(api)
    acknowledged = []
    for _ in range(3):
        writers = Writers(api.port, owner)
        eventually(lambda: len(writers.acknowledged) > 300)
        api.stop(signal.SIGKILL)
        writers.finish()
        acknowledged += writers.acknowledged
        api.start()
    assert not missing(postgres, acknowledged)
    assert len(acknowledged) > 900


def test_postgresql_restarted_under_writes_refuses_and_loses_nothing(todo, postgres):
    api = todo(REDIS_URL=None)
    owner, _ = make_user(api)
    writers = Writers(api.port, owner)
    eventually(lambda: len(writers.acknowledged) > 300)
    postgres.stop()
    eventually(lambda: len(writers.refused) > 10)
    postgres.start()
    back = len(writers.acknowledged)
    eventually(lambda: len(writers.acknowledged) > back + 100)
    writers.finish()
    assert {status for status, _ in writers.refused} == {503}
    assert all(retry for _, retry in writers.refused)
    assert not missing(postgres, writers.acknowledged)


class SlowProxy:
    """Passes bytes on to a port, each direction `delay_s` later."""

    def __init__(self, port):
        self.to, self.delay_s = port, 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                time.sleep(self.delay_s)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def test_a_slow_redis_is_left_alone(todo, redis):
    """It answers every command, each half a second late: without a circuit breaker every read would be that late."""
    proxy = SlowProxy(redis.port)
    try:
        password = urllib.parse.quote(redis.PASSWORD, safe="")
        api = todo(THREADS="1", REDIS_URL=f"redis://:{password}@127.0.0.1:{proxy.port}/0")
        user, _ = make_user(api)
        eventually(lambda: api.get(f"/users/{user}")[1].get("source") == "cache")
        proxy.delay_s = 0.5
        eventually(lambda: api.get(f"/users/{user}")[1]["source"] == "db")
        sent, late = (f'todo_redis_{what}_total{{purpose="cache"}}' for what in ("commands", "late"))
        before = api.metric(sent)
        load = Load(api, f"/users/{user}", clients=4)
        eventually(lambda: len(load.answers) > 500)
        load.finish()
        assert not load.failures
        assert {status for _, status, _ in load.answers} == {200}
        assert api.metric(late) >= 1
        assert api.metric(sent) - before < len(load.answers) / 5, "they all asked it, and waited for it"
        proxy.delay_s = 0.0
        eventually(lambda: api.get(f"/users/{user}")[1]["source"] == "cache")
    finally:
        proxy.close()


def test_redis_killed_and_back_many_times_under_load(todo, redis):
    api = todo(TODO_NEAR_CACHE="1")
    user, name = make_user(api)
    load = Load(api, f"/users/{user}")
    for _ in range(3):
        eventually(lambda: len(load.answers) > 50)
        redis.stop(signal.SIGKILL)
        asked = len(load.answers)
        eventually(lambda: len(load.answers) > asked + 100)
        redis.start()
        eventually(lambda: api.get(f"/users/{user}")[1] == {"id": user, "data": name, "source": "cache"})
    load.finish()
    assert not load.failures
    assert {status for _, status, _ in load.answers} == {200}
