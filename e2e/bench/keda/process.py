"""A program in the API server's network namespace, beside it, as long as its block is open."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.controller import api_server, memory
from harness.failure import Failure

_END_SECONDS = 10.0


class Process:
    """
        with Process("prometheus", [binary, "--config.file=…"], logs) as prometheus:
            prometheus.cpu_seconds()
    """

    def __init__(self, name: str, argv: Sequence[str | Path], logs: Path, **environment: str) -> None:
        self.name = name
        self._log = logs / f"keda-bench-{name}.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [*api_server.enter(), *argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
                env={**os.environ, **environment}, start_new_session=True)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(how)
                try:
                    self._process.wait(_END_SECONDS)
                except subprocess.TimeoutExpired:
                    pass

    @property
    def pid(self) -> int:
        """nsenter has become the program."""
        return self._process.pid

    def check(self) -> None:
        """Fails if it has ended."""
        if self._process.poll() is not None:
            end = " | ".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise Failure(f"{self.name} ended with {self._process.returncode}; the end of {self._log}: {end or 'nothing'}")

    def cpu_seconds(self) -> float:
        self.check()
        return memory.cpu_seconds(self.pid)

    def rss(self) -> int:
        self.check()
        return memory.of(self.pid).rss
