"""The live view of a run: refreshed in place on a terminal, a plain line every few seconds anywhere else."""

import shutil
import sys
from typing import TextIO

from harness.timeline import Sample

_PLAIN_SECONDS = 5.0


class Screen:
    """show() takes every sample and decides itself what to draw."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._start: float | None = None
        self._out = out
        self._in_place = out.isatty()
        self._drawn = 0
        self._next_line = 0.0

    def show(self, sample: Sample, phase: str) -> None:
        if self._start is None:
            self._start = sample.at
        seconds = sample.at - self._start
        if self._in_place:
            self._draw(panel(sample, phase, seconds, shutil.get_terminal_size().columns))
        elif seconds >= self._next_line:
            self._next_line = seconds + _PLAIN_SECONDS
            print(line(sample, phase, seconds), file=self._out, flush=True)

    def _draw(self, rows: list[str]) -> None:
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}F")
        self._out.write("".join(f"\x1b[2K{row}\n" for row in rows))
        self._out.flush()
        self._drawn = len(rows)


def line(sample: Sample, phase: str, seconds: float) -> str:
    """`  35 s  rise   metric 150/50  replicas 2/6 ready  300.0 req/s  p95 4.2 ms  errors 0`"""
    return (f"{seconds:4.0f} s  {phase:<8} metric {_number(sample.value)}/{_number(sample.target)}  "
            f"replicas {sample.ready} ready of {_number(sample.desired)} desired  {_number(sample.rate)} req/s  "
            f"p95 {_number(sample.p95_ms)} ms  errors {sample.errors}")


def panel(sample: Sample, phase: str, seconds: float, columns: int) -> list[str]:
    width = max(min(columns - 32, 50), 10)
    most = max(sample.ready, sample.desired or 0, 10)
    top = max(sample.value or 0, (sample.target or 0) * 2, 1)
    rows = [
        f"  {seconds:5.0f} s   load: {phase}",
        f"  metric   {bar(sample.value, top, width, sample.target)} {_number(sample.value)} "
        f"(target {_number(sample.target)})",
        f"  desired  {bar(sample.desired, most, width)} {_number(sample.desired)}",
        f"  ready    {bar(sample.ready, most, width)} {sample.ready}",
        f"  requests/s {_number(sample.rate)}   p95 {_number(sample.p95_ms)} ms   "
        f"requests {sample.requests}   errors {sample.errors}",
    ]
    return [row[: max(columns - 1, 20)] for row in rows]


def bar(value: float | None, top: float, width: int, mark: float | None = None) -> str:
    """`value` of `top` as a bar of `width` cells, with a mark where `mark` is."""
    filled = min(round((value or 0) / top * width), width)
    cells = ["█"] * filled + ["·"] * (width - filled)
    if mark is not None:
        cells[min(round(mark / top * width), width - 1)] = "│"
    return "".join(cells)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
