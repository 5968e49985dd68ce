"""A side's process while it is measured.

    with Service(side, environment, log) as service:
        service.start_ms          # from exec to the first 200
        service.get("/users/1")   # status, body
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from app.bench.sides import Side
from app.tests.servers import free_port
from harness.failure import Failure

_START_SECONDS = 60.0
_POLL_SECONDS = 0.0002
_STOP_SECONDS = 30.0


class Service:
    def __init__(self, side: Side, environment: dict[str, str], log: Path) -> None:
        self.side = side
        self.port = free_port()
        self._log = log
        argv = [word.format(port=self.port) for word in side.argv]
        environment = {"PATH": os.environ["PATH"], "PORT": str(self.port), "METRICS_PORT": str(free_port()),
                       "PYTHONDONTWRITEBYTECODE": "1", **side.environment, **environment}
        with log.open("ab") as output:
            started = time.perf_counter()
            # A group of its own, to end it as a whole, but no session: Linux shares the CPU out by session first
            # (autogroups), and a service would get as much as clients, PostgreSQL and Redis together.
            self._process = subprocess.Popen(argv, env=environment, cwd=side.folder, stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output, process_group=0)
        try:
            self._await_first_200(started + _START_SECONDS)
        except BaseException:
            self._end()
            raise
        self.start_ms = (time.perf_counter() - started) * 1e3

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def call(self, method: str, path: str) -> tuple[int, Any]:
        """Status and parsed body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Failure(f"{self.side.title}: {method} {path}: {error!r}; see {self._log}") from None
        finally:
            connection.close()

    def visit(self, paths: list[str]) -> None:
        """All of them, over one connection, whatever they answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            for path in paths:
                connection.request("GET", path)
                connection.getresponse().read()
        finally:
            connection.close()

    def _await_first_200(self, deadline: float) -> None:
        while not self._answers():
            if self._process.poll() is not None:
                raise Failure(f"{self.side.title} ended with exit code {self._process.returncode}; see {self._log}")
            if time.perf_counter() > deadline:
                raise Failure(f"{self.side.title}: no 200 within {_START_SECONDS:g} s; see {self._log}")
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"GET /users/1 HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def _end(self) -> None:
        """Its whole process group: our child, not waited for yet, so its id cannot be another's."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, how)
                try:
                    self._process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
