"""Set-up steps as commands that run side by side, each with a log file, and a line on the terminal every few seconds.

    with Steps(Path("out/log")) as steps:
        steps.start("C++ build", ["setup/build.sh"])
        steps.start("cluster", ["e2e/cluster/run", "up"])
        steps.finish()     # waits for both; Failure with the end of the log if one failed

Nothing outlives the block: what still runs when it is left is ended, by its own process group.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.failure import Failure

_LINE_SECONDS = 10.0
_LOG_LINES = 25


class _Step:
    def __init__(self, name: str, argv: Sequence[str], log: Path, environment: dict[str, str] | None) -> None:
        self.name = name
        self.log = log
        self.started = time.monotonic()
        with log.open("wb") as output:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                            env=environment, start_new_session=True)

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def tail(self, lines: int) -> list[str]:
        text = self.log.read_text(errors="replace").replace("\r", "\n")
        return [line for line in text.splitlines() if line.strip()][-lines:]

    def end(self) -> None:
        if self.process.poll() is not None:
            return
        for how, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 10)):
            try:
                os.killpg(self.process.pid, how)  # our child, not waited for yet: its id cannot be another's
                self.process.wait(seconds)
                return
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


class Steps:
    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: list[_Step] = []
        self._started = time.monotonic()

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, *_: object) -> None:
        for step in self._running:
            step.end()

    def start(self, name: str, argv: Sequence[str], environment: dict[str, str] | None = None) -> None:
        log = self._logs / f"{re.sub(r'[^a-z0-9+]+', '-', name.lower())}.log"
        self._running.append(_Step(name, argv, log, environment))

    def run(self, name: str, argv: Sequence[str], seconds: float, environment: dict[str, str] | None = None) -> None:
        """One step by itself."""
        self.start(name, argv, environment)
        self.finish(seconds)

    def finish(self, seconds: float) -> None:
        """Waits until every step has ended, the first failure ends the others."""
        deadline = time.monotonic() + seconds
        next_line = time.monotonic() + _LINE_SECONDS
        while self._running:
            self._collect()
            now = time.monotonic()
            if self._running and now >= deadline:
                raise Failure(f"{self._running[0].name}: not done in {seconds:g} s; see {self._running[0].log}")
            if self._running and now >= next_line:
                next_line = now + _LINE_SECONDS
                self._say_what_runs()
            if self._running:
                time.sleep(0.1)

    def _collect(self) -> None:
        for step in list(self._running):
            code = step.process.poll()
            if code is None:
                continue
            self._running.remove(step)
            if code != 0:
                end = "\n  ".join(step.tail(_LOG_LINES))
                raise Failure(f"{step.name} failed (exit {code}); the end of {step.log}:\n  {end}")
            self._say(f"{step.name}: done in {step.seconds():.1f} s")

    def _say_what_runs(self) -> None:
        for step in self._running:
            last = step.tail(1)
            self._say(f"{step.name}, {step.seconds():.0f} s: {last[0][:90] if last else '…'}")

    def _say(self, text: str) -> None:
        elapsed = int(time.monotonic() - self._started)
        say(f"[{elapsed // 60}:{elapsed % 60:02}] {text}")


def say(text: str) -> None:
    """Progress goes to stderr: stdout is for the figures."""
    print(text, file=sys.stderr, flush=True)
