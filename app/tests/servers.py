"""Real servers for tests, on loopback and free ports, in a folder that goes away with them."""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


_given = set()


def free_port() -> int:
    """Never the same twice. None that the kernel gives to clients: one that has it, while the server that we mean it
    for is being started again, would keep the server out, and a client can even be connected to itself."""
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ours = [port for port in range(10_000, 30_000) if not first <= port <= last and port not in _given]
    while True:
        port = random.choice(ours)
        _given.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                ours.remove(port)


def eventually(check, within_s: float = 60.0, every_s: float = 0.02):
    """The first true value of check(); its last error or value is shown when time is up, which is only so that
    nothing hangs for ever: a machine may be slow."""
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

    def stop(self, how=signal.SIGTERM, wait_s: float = 60.0) -> int:
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
        eventually(lambda: self.sql("SELECT 1") == "1")

    def stop(self, how=signal.SIGINT, wait_s: float = 60.0) -> int:  # "fast" shutdown
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
        eventually(lambda: self.run("PING") == "PONG")

    def run(self, *words: str, database: int = 0) -> str:
        done = subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "-n", str(database),
                               "--no-auth-warning", "-a", self.PASSWORD, *words],
                              capture_output=True, text=True)
        return done.stdout.strip()
