"""A manager of either side as a process: started, told what to do on stdin, and heard on stdout."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.controller import api_server, memory
from bench.controller.memory import Memory
from harness.failure import Failure

_SYNC_SECONDS = 180.0
_ANSWER_SECONDS = 30.0
_END_SECONDS = 10.0

Answer = dict[str, Any]


class Manager:
    """Runs while its block is open.

        with Manager("ours", [binary, "--widgets", "1000"], kubeconfig, log) as manager:
            synced = manager.wait_until_synced()
            manager.ask("stats")["pod_events"]
    """

    def __init__(self, name: str, argv: Sequence[str | Path], kubeconfig: Path, log: Path) -> None:
        self.name = name
        self._log = log
        self._lines: queue.Queue[Answer | None] = queue.Queue()
        self.started = time.time()
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [*api_server.enter(), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                env={**os.environ, "KUBECONFIG": str(kubeconfig)}, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        self._process.stdin.close()  # which ends it
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                self._process.wait(_END_SECONDS)
                return
            except subprocess.TimeoutExpired:
                self._process.send_signal(how)
        self._process.wait(_END_SECONDS)

    @property
    def pid(self) -> int:
        """nsenter has become the program."""
        return self._process.pid

    def wait_until_synced(self) -> float:
        """Seconds from the start to complete caches and the first round of reconciles, by the process's own clock."""
        return self._next("synced", _SYNC_SECONDS)["unix"] - self.started

    def ask(self, command: str, seconds: float = 0) -> Answer:
        """`seconds`: how long it works on it."""
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._next(command.split()[0], seconds + _ANSWER_SECONDS)

    def wait_for(self, what: str, reached: Callable[[Answer], bool], seconds: float) -> Answer:
        """The first stats of which `reached` is true."""
        deadline = time.monotonic() + seconds
        while not reached(stats := self.ask("stats")):
            if time.monotonic() > deadline:
                raise self.failure(f"{what}: not within {seconds:g} s, but {stats}")
            time.sleep(0.25)
        return stats

    def memory(self) -> Memory:
        return memory.of(self.pid)

    def clear_peak(self) -> None:
        memory.clear_peak(self.pid)

    def cpu_seconds(self) -> float:
        return memory.cpu_seconds(self.pid)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def failure(self, what: str) -> Failure:
        end = " | ".join(self._log.read_text(errors="replace").splitlines()[-5:])
        return Failure(f"{self.name}: {what}; the end of {self._log}: {end or 'nothing'}")

    def _read(self) -> None:
        for line in self._process.stdout:
            if line.startswith("{"):
                self._lines.put(json.loads(line))
        self._lines.put(None)

    def _next(self, event: str, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self._lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                raise self.failure(f"did not say `{event}` within {seconds:g} s") from None
            if answer is None:
                raise self.failure(f"ended before it said `{event}`")
            if answer.get("event") == event:
                return answer
