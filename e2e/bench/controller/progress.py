"""What the user sees meanwhile: a bar that fills in place on a terminal, a plain line every few seconds elsewhere."""

import sys
import threading
import time

from harness.screen import bar as cells

_PLAIN_SECONDS = 5.0
_IN_PLACE_SECONDS = 0.2
_CELLS = 30


class Bar:
    """Thread-safe.

        with Bar("10,000 pods", 10_000) as bar:
            bar.advance()
    """

    def __init__(self, what: str, total: float) -> None:
        self._what = what
        self._total = total
        self._done = 0.0
        self._started = time.monotonic()
        self._in_place = sys.stderr.isatty()
        self._next = self._started + (0 if self._in_place else _PLAIN_SECONDS)
        self._lock = threading.Lock()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        ending = "" if kind is None else "  interrupted"
        self._write(f"{self._what}: {time.monotonic() - self._started:.1f} s{ending}", last=True)

    def advance(self, by: float = 1) -> None:
        with self._lock:
            self._done += by
            now = time.monotonic()
            if now >= self._next and self._done < self._total:
                self._next = now + (_IN_PLACE_SECONDS if self._in_place else _PLAIN_SECONDS)
                self._write(f"{self._what}  {cells(self._done, self._total, _CELLS)} {self._done / self._total:4.0%}")

    def _write(self, text: str, last: bool = False) -> None:
        if self._in_place:
            print(f"\r\x1b[2K  {text}", end="\n" if last else "", file=sys.stderr, flush=True)
        else:
            print(f"  {text}", file=sys.stderr, flush=True)


def rest(what: str, seconds: float) -> None:
    """Nothing happens for so long, visibly."""
    with Bar(what, seconds) as bar:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            step = min(left, 0.5)
            time.sleep(step)
            bar.advance(step)
