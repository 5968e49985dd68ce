"""Real servers for tests, on loopback and free ports, in a folder that goes away with them."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(check, within_s: float = 10.0, every_s: float = 0.02):
    """The first true value of check(); its last error or value is shown when time is up."""
    deadline = time.monotonic() + within_s
    last = None
    while time.monotonic() < deadline:
        try:
            last = check()
            if last:
                return last
        except (OSError, AssertionError, KeyError) as error:
            last = error
        time.sleep(every_s)
    raise AssertionError(f"not within {within_s} s: {last!r}")


class Server:
    """A process that is always ended; its output is in a file."""

    def __init__(self, folder: pathlib.Path, name: str):
        self.folder, self.name, self.process = folder, name, None
        self.log = folder / f"{name}.log"

    def spawn(self, command, **options):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **options)

    def stop(self, how=signal.SIGTERM, wait_s: float = 30.0) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        try:
            return self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None

    def output(self) -> str:
        return self.log.read_text(errors="replace")


class Postgres(Server):
    """Refuses to run as root, so as root it runs as the user of Debian's package."""

    def __init__(self, folder: pathlib.Path):
        super().__init__(folder, "postgres")
        self.port = free_port()
        self.cluster = folder / "pg"
        self.cluster.mkdir()
        self.identity = {}
        if os.getuid() == 0:
            shutil.chown(self.cluster, "postgres", "postgres")
            self.identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [POSTGRES_BIN / "initdb", "-D", self.cluster, "-U", "todo", "-A", "trust", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self.identity)
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://todo:pw@127.0.0.1:{self.port}/postgres"

    def start(self):
        self.spawn([POSTGRES_BIN / "postgres", "-D", self.cluster, "-p", str(self.port), "-h", "127.0.0.1",
                    "-c", "unix_socket_directories=", "-c", "shared_buffers=32MB"], cwd="/", **self.identity)
        eventually(lambda: self.sql("SELECT 1") == "1", 30)

    def stop(self, how=signal.SIGINT, wait_s: float = 30.0) -> int:  # "fast" shutdown
        return super().stop(how, wait_s)

    def sql(self, statement: str) -> str:
        done = subprocess.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


class Redis(Server):
    PASSWORD = "p@ss/word"

    def __init__(self, folder: pathlib.Path):
        super().__init__(folder, "redis")
        self.port = free_port()
        self.start()

    def url(self, database: int) -> str:
        return f"redis://:{urllib.parse.quote(self.PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def start(self):
        self.spawn(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                    "--appendonly", "yes", "--dir", str(self.folder), "--requirepass", self.PASSWORD])
        eventually(lambda: self.run("PING") == "PONG", 10)

    def run(self, *words: str, database: int = 0) -> str:
        done = subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "-n", str(database),
                               "--no-auth-warning", "-a", self.PASSWORD, *words],
                              capture_output=True, text=True)
        return done.stdout.strip()
