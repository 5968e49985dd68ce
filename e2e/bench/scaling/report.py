"""From delays to figures and text. Pure."""

import statistics
from dataclasses import dataclass

from bench.scaling.scenario import DIRECT, HPA
from bench.scaling.waves import percentile
from bench.scaling.zero import Zero

_BARS = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 12.5, 15, 20, 30)
_WIDTH = 40


@dataclass(frozen=True)
class Figures:
    decision_p50_s: float
    decision_p99_s: float
    zero_to_200_s: float
    under_x: float
    replica_hours_x: float


GOALS = {"decision_p50_s": 3.0, "decision_p99_s": 5.0, "zero_to_200_s": 5.0, "under_x": 1.0, "replica_hours_x": 1.0}


def figures(delays: dict[str, list[float]], zero: Zero, ratios: tuple[float, float]) -> Figures:
    direct = delays[DIRECT]
    return Figures(statistics.median(direct), percentile(direct, 0.99), statistics.median(zero.seconds), *ratios)


def delays_table(delays: dict[str, list[float]]) -> str:
    lines = [f"{'step of the metric to new count':<34}{'steps':>7}{'p50':>9}{'p90':>9}{'p99':>9}{'longest':>9}"]
    for engine in (DIRECT, HPA):
        each = delays[engine]
        cells = (statistics.median(each), percentile(each, 0.9), percentile(each, 0.99), max(each))
        lines.append(f"{'engine ' + engine:<34}{len(each):>7}" + "".join(f"{value:>7.2f} s" for value in cells))
    return "\n".join(lines)


def histogram(delays: list[float]) -> str:
    """How many took how long, as bars."""
    counts, least = [], 0.0
    for most in _BARS:
        counts.append((least, most, sum(least <= each < most for each in delays)))
        least = most
    while counts and counts[-1][2] == 0:
        counts.pop()
    top = max((count for _, _, count in counts), default=1) or 1
    return "\n".join(f"{low:>6g} to {high:<5g} s {'█' * round(_WIDTH * count / top):<{_WIDTH}} {count}"
                     for low, high, count in counts)


def zero_text(zero: Zero) -> str:
    times = " ".join(f"{each:.2f}" for each in sorted(zero.seconds))
    answers = ", ".join(f"{count:,} times {what}" for what, count in zero.meanwhile.most_common()) or "none"
    return (f"from zero to the first 200, {len(zero.seconds)} times: median {statistics.median(zero.seconds):.2f} s, "
            f"longest {max(zero.seconds):.2f} s ({times})\nrequests meanwhile: {answers}")


def verdicts(found: Figures) -> str:
    return "\n".join(f"{name:<18}{getattr(found, name):>8.3f}   goal <= {goal:g}  "
                     f"{'met' if getattr(found, name) <= goal else 'MISSED'}" for name, goal in GOALS.items())


def last_line(found: Figures) -> str:
    """What scripts read."""
    return "bench: " + " ".join(f"{name}={getattr(found, name):.{3 if name.endswith('_x') else 2}f}" for name in GOALS)
