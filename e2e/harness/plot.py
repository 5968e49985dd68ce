"""A plot of a run for the terminal: each quantity a block of columns over the same time axis. Pure: timeline in, text out."""

import math
from dataclasses import dataclass

from harness.timeline import Sample, Timeline

_HEIGHT = 6


def render(timeline: Timeline, width: int = 90) -> str:
    """Replicas, the metric with its target, and request rate against seconds since the start."""
    samples = timeline.samples
    if len(samples) < 2:
        return "no samples"
    grid = _Grid(timeline.start(), samples[-1].at, max(width - 10, 20))
    target = next((s.target for s in samples if s.target is not None), None)
    blocks = [
        _block("ready replicas", grid.columns(samples, lambda s: s.ready), whole=True),
        _block("metric, a pod" + (f" (─ target {target:g})" if target else ""),
               grid.columns(samples, lambda s: s.value), line=target),
        _block("requests/s", grid.columns(samples, lambda s: s.rate)),
    ]
    return "\n".join([*blocks, grid.axis(timeline.phases)])


@dataclass(frozen=True)
class _Grid:
    start: float
    end: float
    width: int

    def column(self, at: float) -> int:
        share = (at - self.start) / max(self.end - self.start, 1e-9)
        return min(max(int(share * self.width), 0), self.width - 1)

    def columns(self, samples: list[Sample], pick) -> list[float | None]:
        """One value a column: the largest that falls into it, else the last known."""
        values: list[float | None] = [None] * self.width
        for sample in samples:
            value, column = pick(sample), self.column(sample.at)
            if value is not None:
                values[column] = max(value, values[column] or 0)
        last = None
        for column, value in enumerate(values):
            last = value if value is not None else last
            values[column] = last
        return values

    def axis(self, phases: dict[str, float]) -> str:
        rule, marks, seconds = ["─"] * self.width, [" "] * self.width, [" "] * self.width
        for name, at in phases.items():
            column = self.column(at)
            rule[column] = "┴"
            _write(marks, column, name)
            _write(seconds, column, f"{at - self.start:.0f} s")
        last = f"{self.end - self.start:.0f} s"
        _write(seconds, self.width - len(last), last)
        return "\n".join(f"{' ' * 8} {''.join(row).rstrip()}" for row in (rule, seconds, marks))


def _block(title: str, values: list[float | None], line: float | None = None, whole: bool = False) -> str:
    top = nice_ceiling(max([v for v in values if v is not None] + [line or 0, 1]), whole)
    rows = [f"{' ' * 8} {title}"]
    for row in range(_HEIGHT, 0, -1):
        low, high = top * (row - 1) / _HEIGHT, top * row / _HEIGHT
        label = f"{top:g}" if row == _HEIGHT else "0" if row == 1 else ""
        on_line = line is not None and low < line <= high
        cells = "".join(_cell(value, low, high, on_line) for value in values)
        rows.append(f"{label:>7} │{cells.rstrip()}")
    return "\n".join(rows)


def _cell(value: float | None, low: float, high: float, on_line: bool) -> str:
    if value is None or value <= low:
        return "─" if on_line else " "
    return "▁▂▃▄▅▆▇█"[min(math.ceil((value - low) / (high - low) * 8) - 1, 7)]


def _write(row: list[str], column: int, text: str) -> None:
    for offset, letter in enumerate(text):
        if 0 <= column + offset < len(row):
            row[column + offset] = letter


def nice_ceiling(value: float, whole: bool = False) -> float:
    """The smallest of 1, 2, 2.5, 5 x 10^n that is not below `value`; with `whole` the next integer up to 12."""
    if whole and value <= 12:
        return float(max(math.ceil(value), 1))
    scale = 10 ** math.floor(math.log10(max(value, 1e-9)))
    return next((step * scale for step in (1, 2, 2.5, 5, 10) if step * scale >= value * (1 - 1e-9)))
