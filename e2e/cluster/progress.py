"""What the user sees while a command works: one line a finished step, with the time since the start."""

import sys
import threading
import time


class Progress:
    """Numbered steps of a known total; thread-safe, because steps finish in parallel.

        progress = Progress("cluster", 3)
        progress.done("control plane ready")     # [1/3] control plane ready   4.7 s
    """

    def __init__(self, subject: str, total: int) -> None:
        self._subject = subject
        self._total = total
        self._finished = 0
        self._started = time.monotonic()
        self._line_lock = threading.Lock()

    def done(self, step: str) -> None:
        with self._line_lock:
            self._finished += 1
            width = len(str(self._total))
            say(f"{self._subject}: [{self._finished:>{width}}/{self._total}] {step}  {self.seconds():.1f} s")

    def seconds(self) -> float:
        return time.monotonic() - self._started


def say(line: str) -> None:
    """Progress goes to stderr: stdout is for answers that scripts read."""
    print(line, file=sys.stderr, flush=True)
