"""Metrics that step at known times, by the clock: Prometheus itself computes them. Pure.

    wave = Wave(begin=1764000000.0, period=50.0, high=25.0)
    wave.query(low=10, top=20)      # 20 for the first 25 s of every 50 s, else 10
    wave.steps(until)               # the times at which its query API begins to give 20

That is the moment from which a decision is measured: the scrape and the range of a real query's rate() come before it.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Wave:
    begin: float    # Unix time of a step up
    period: float
    high: float     # seconds of each period

    def query(self, low: float, top: float) -> str:
        """Before `begin` it is low, too: PromQL's remainder has the sign of the dividend."""
        since = f"(time() - {self.begin:.3f})"
        up = f"({since} % {self.period:g} < bool {self.high:g}) * ({since} >= bool 0)"
        return f"vector({low:g} + {top - low:g} * {up})"

    def steps(self, until: float) -> list[float]:
        """Times of its steps up before `until`."""
        count = max(math.ceil((until - self.begin) / self.period), 0)
        return [self.begin + number * self.period for number in range(count)]


def spread(count: int, begin: float, period: float, high: float) -> list[Wave]:
    """Waves whose steps are evenly spread over the period, so that no two workloads step at once."""
    return [Wave(begin + number * period / count, period, high) for number in range(count)]


def percentile(values: list[float], share: float) -> float:
    """Nearest rank: the least value that so large a share of them does not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
