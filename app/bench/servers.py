"""PostgreSQL and Redis as the benchmark uses them, in a folder that goes away, and what is in them."""

import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.bench.routes import TASKS_OF_A_USER, USERS
from app.tests import servers
from app.tests.servers import POSTGRES_BIN, eventually
from harness.failure import Failure

TASKS = USERS * TASKS_OF_A_USER
# What PostgreSQL would be given on a machine of this size. Durable: a commit is on the disk before it is answered.
# Checkpoints are made between measurements, so that none falls into one side's turn and not into the other's.
_POSTGRES_SETTINGS = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB",
    "max_connections": "200", "wal_buffers": "16MB", "min_wal_size": "2GB", "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}


class Postgres(servers.Postgres):
    def __init__(self, folder: pathlib.Path):
        self.sockets = folder / "s"
        self.sockets.mkdir()
        self.sockets.chmod(0o777)
        super().__init__(folder)

    def start(self):
        settings = [word for name, value in _POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self.spawn([POSTGRES_BIN / "postgres", "-D", self.cluster, "-p", str(self.port), "-h", "127.0.0.1",
                    "-c", f"unix_socket_directories={self.sockets}", *settings], cwd="/", **self.identity)
        eventually(lambda: self.sql("SELECT 1") == "1", 30)

    @property
    def socket_url(self) -> str:
        return f"postgresql://todo:pw@/postgres?host={self.sockets}&port={self.port}"


class Redis(servers.Redis):
    """A cache: nothing is written to the disk."""

    def start(self):
        self.spawn(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                    "--appendonly", "no", "--dir", str(self.folder), "--requirepass", self.PASSWORD])
        eventually(lambda: self.run("PING") == "PONG", 10)


@dataclass(frozen=True)
class Backing:
    """Both, with the data in."""

    folder: pathlib.Path
    postgres: Postgres
    redis: Redis

    def fill_tasks(self) -> None:
        """The tasks anew: as `post` leaves many, and each side is to find the same. A user's are not neighbours."""
        self.postgres.sql("TRUNCATE tasks RESTART IDENTITY")
        self.postgres.sql("INSERT INTO tasks (title, owner_id)"
                          f" SELECT 'task ' || i, i % {USERS} + 1 FROM generate_series(1, {TASKS}) i")
        self.settle()

    def fill_heavy_user(self) -> int:
        """The id of one with 1,000 tasks, whose list costs much more to answer than to ask for."""
        user = int(self.postgres.sql("INSERT INTO users (username) VALUES ('heavy') RETURNING id"))
        self.postgres.sql(f"INSERT INTO tasks (title, owner_id) SELECT 'task ' || i, {user} FROM generate_series(1, 1000) i")
        self.settle()
        return user

    def settle(self) -> None:
        self.postgres.sql("VACUUM (ANALYZE) users, tasks")
        self.postgres.sql("CHECKPOINT")

    def tasks(self) -> int:
        return int(self.postgres.sql("SELECT count(*) FROM tasks"))

    def versions(self) -> dict[str, str]:
        return {"postgresql": self.postgres.sql("SHOW server_version").split()[0],
                "redis": next(line.split(":")[1].strip() for line in self.redis.run("INFO", "server").splitlines()
                              if line.startswith("redis_version:"))}


@contextmanager
def backing(binary: pathlib.Path) -> Iterator[Backing]:
    """Both servers, the schema made by `binary migrate`."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="todo-bench-"))
    folder.chmod(0o755)
    running: list[servers.Server] = []
    try:
        running.append(postgres := Postgres(folder))
        running.append(redis := Redis(folder))
        done = subprocess.run([binary, "migrate"], env={"DATABASE_URL": postgres.url}, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"todo migrate: {done.stderr.strip() or done.stdout.strip()}")
        postgres.sql(f"INSERT INTO users (username) SELECT 'user ' || i FROM generate_series(1, {USERS}) i")
        made = Backing(folder, postgres, redis)
        made.fill_tasks()
        yield made
    except AssertionError as error:   # of the servers: one did not start, or refused a statement
        raise Failure(str(error)) from None
    finally:
        for server in running:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
