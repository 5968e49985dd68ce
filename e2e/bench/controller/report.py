"""From rounds to figures, ratios and text. Pure."""

import statistics
from dataclasses import dataclass
from typing import Any

# Noise only ever adds time, so the least is the nearest to the truth; memory varies both ways.
_BEST = {"sync_seconds": min, "sync_cpu_seconds": min, "sync_server_cpu_seconds": min,
         "updates_cpu_seconds": min, "reconcile_cpu_us": min,
         "reconciles_per_second": max}

Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One figure of both sides. `goal`: the largest ratio that is good enough, or the least if `more_is_better`."""

    name: str
    key: str
    unit: str
    scale: float = 1.0
    digits: int = 1
    goal: float | None = None
    more_is_better: bool = False

    def text(self, value: float) -> str:
        return f"{value * self.scale:,.{self.digits}f} {self.unit}"


_MB = {"unit": "MB", "scale": 1e-6}
MAIN_ROWS = (
    Row("start to synced", "sync_seconds", "s", digits=2, goal=0.7),
    Row("  CPU of it", "sync_cpu_seconds", "s", digits=2),
    Row("  CPU of the API server meanwhile", "sync_server_cpu_seconds", "s", digits=2),
    Row("resident memory (VmRSS) after 30 s", "rss_bytes", **_MB, goal=0.25),
    Row("  of it private (RssAnon)", "anonymous_bytes", **_MB),
    Row("  proportional (PSS)", "pss_bytes", **_MB),
    Row("peak while syncing (VmHWM)", "sync_peak_bytes", **_MB),
    Row("peak during a relist (VmHWM)", "peak_bytes", **_MB),
    Row("  of own steady memory", "peak_of_steady", "x", digits=2),
    Row("CPU for the updates", "updates_cpu_seconds", "s", digits=2, goal=0.5),
    Row("  that came at", "updates_per_second", "/s", digits=0),
    Row("  CPU of the API server meanwhile", "updates_server_cpu_seconds", "s", digits=2),
    Row("no-op reconciles, one worker", "reconciles_per_second", "/s", digits=0, goal=5, more_is_better=True),
    Row("  CPU of one", "reconcile_cpu_us", "us"),
    Row("memory with the Secrets, no pods", "rss_secrets_bytes", **_MB),
    Row("program, stripped", "binary_bytes", **_MB),
    Row("image, unpacked", "image_bytes", **_MB, goal=0.35),
)
STATUS_ONLY_ROWS = tuple(row for row in MAIN_ROWS if row.key in (
    "sync_seconds", "sync_cpu_seconds", "sync_server_cpu_seconds", "rss_bytes", "anonymous_bytes", "peak_bytes", "peak_of_steady",
    "updates_cpu_seconds", "reconciles_per_second", "reconcile_cpu_us"))


def combine(rounds: list[Figures]) -> Figures:
    """One figure a key: the best time, the median of everything else."""
    out = {key: float(_BEST.get(key, statistics.median)([each[key] for each in rounds])) for key in rounds[0]}
    if "peak_bytes" in out:
        out["peak_of_steady"] = statistics.median(each["peak_bytes"] / each["rss_bytes"] for each in rounds)
    return out


def ratio(ours: Figures, theirs: Figures, key: str) -> float:
    return ours[key] / theirs[key]


def table(rows: tuple[Row, ...], ours: Figures, theirs: Figures) -> str:
    lines = [f"{'':<38}{'ours':>12}{'theirs':>12}{'ours/theirs':>13}   goal"]
    for row in rows:
        if row.key not in ours or row.key not in theirs:
            continue
        cells = "".join(f"{row.text(side[row.key]):>12}" for side in (ours, theirs))
        both = "" if row.key == "peak_of_steady" else f"{ratio(ours, theirs, row.key):.2f}x"
        lines.append(f"{row.name:<38}{cells}{both:>13}   {_verdict(row, ours, theirs)}".rstrip())
    return "\n".join(lines)


def last_line(ours: Figures, theirs: Figures, operator_rss_bytes: float | None = None) -> str:
    """What scripts read: ours / theirs, but for the peak, which is of our own steady memory."""
    def x(key: str) -> str:
        return f"{ratio(ours, theirs, key):.2f}"

    line = (f"bench: memory_x={x('rss_bytes')} peak_x={ours['peak_of_steady']:.2f} cpu_x={x('updates_cpu_seconds')} "
            f"reconciles_x={x('reconciles_per_second')} sync_x={x('sync_seconds')} image_x={x('image_bytes')} "
            f"rss_30k_secrets_mb={ours['rss_secrets_bytes'] / 1e6:.1f}/{theirs['rss_secrets_bytes'] / 1e6:.1f}")
    if operator_rss_bytes is not None:
        line += f" operator_rss_30k_secrets_mb={operator_rss_bytes / 1e6:.1f}"
    return line


def results(**parts: Any) -> dict[str, Any]:
    """What is kept of a run: numbers as measured, round by round, and what was made of them."""
    return {"schema": 1, **parts}


def _verdict(row: Row, ours: Figures, theirs: Figures) -> str:
    if row.key == "peak_of_steady":
        return f"<= 1.2 of own  {'met' if ours[row.key] <= 1.2 else 'MISSED'}"
    if row.goal is None:
        return ""
    value = ratio(ours, theirs, row.key)
    met = value >= row.goal if row.more_is_better else value <= row.goal
    return f"{'>=' if row.more_is_better else '<='} {row.goal:g}x  {'met' if met else 'MISSED'}"
