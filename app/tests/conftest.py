import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

import pytest

from servers import POSTGRES_BIN, Postgres, Redis, Server, eventually, free_port

BINARY = os.environ.get("TODO_BINARY", "build/release/app/todo")


def pytest_collection_modifyitems(items):
    missing = None
    if not (POSTGRES_BIN / "postgres").exists():
        missing = "PostgreSQL 15 is not installed"
    elif shutil.which("redis-server") is None:
        missing = "redis-server is not installed"
    elif os.getuid() == 0 and "postgres" not in [user.pw_name for user in pwd.getpwall()]:
        missing = "root needs the user postgres to run PostgreSQL"
    for item in items if missing else []:
        item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="session")
def folder():
    made = pathlib.Path(tempfile.mkdtemp(prefix="todo-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(folder):
    server = Postgres(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis(folder):
    server = Redis(folder)
    yield server
    server.stop()


class Todo(Server):
    """A process of the binary under test."""

    def __init__(self, folder, command: str, environment: dict, *flags: str):
        super().__init__(folder, f"{command}-{free_port()}")
        self.port, self.metrics_port = free_port(), free_port()
        self.environment = {
            "PATH": os.environ["PATH"], "PORT": str(self.port), "METRICS_PORT": str(self.metrics_port),
            "SHUTDOWN_DELAY": "1", **{key: os.environ[key] for key in ("TSAN_OPTIONS", "ASAN_OPTIONS") if key in os.environ},
            **environment}
        self.command = [BINARY, command, "--address", "127.0.0.1", *flags]

    def start(self, ready=True):
        self.spawn(self.command, env={key: value for key, value in self.environment.items() if value is not None})
        if ready:
            eventually(lambda: self.get("/readyz", self.metrics_port)[0] == 200)
        else:
            eventually(lambda: self.get("/livez", self.metrics_port)[0] == 200)
        return self

    def call(self, method, path, port=None, body=None, headers=None):
        """Status, headers, body (parsed if it is JSON)."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            content = answer.read().decode()
            if content and answer.getheader("Content-Type") == "application/json":
                content = json.loads(content)
            return answer.status, dict(answer.getheaders()), content
        finally:
            connection.close()

    def get(self, path, port=None):
        status, _, body = self.call("GET", path, port)
        return status, body

    def post(self, path, **query):
        status, _, body = self.call("POST", path + ("?" + urllib.parse.urlencode(query) if query else ""))
        return status, body

    def metric(self, line: str) -> float | None:
        """The value of the series written like that."""
        for sample in self.get("/metrics", self.metrics_port)[1].splitlines():
            if sample.startswith(line + " "):
                return float(sample.split()[-1])
        return None


@pytest.fixture(scope="session")
def database(postgres):
    """The URL of a migrated database."""
    done = subprocess.run([BINARY, "migrate"], env={"DATABASE_URL": postgres.url}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return postgres.url


@pytest.fixture
def todo(folder, database, redis):
    """Starts processes of the binary; ends them all."""
    started = []
    key = folder / "jwt-key"  # one for all, as of replicas
    key.write_text("of tests only, and 32 bytes long")

    def start(command="serve", *flags, ready=True, **environment):
        one = Todo(folder, command, {"DATABASE_URL": database, "REDIS_URL": redis.url(0), "QUEUE_URL": redis.url(1),
                                     "JWT_KEY_FILE": str(key),
                                     # Of all tests together; those of limits set their own. None: the default.
                                     **{f"RATE_LIMIT_{name}": "off" for name in ("TOKEN", "TOKEN_USER", "REGISTRATION", "SESSION", "TASKS")},
                                     **environment}, *flags)
        started.append(one)
        return one.start(ready)

    yield start
    for one in started:
        if one.process is not None and one.process.poll() is None:
            one.stop(signal.SIGKILL)


@pytest.fixture
def api(todo):
    return todo()
