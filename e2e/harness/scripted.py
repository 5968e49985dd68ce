"""A metric whose values over time are known beforehand: Prometheus computes them from its clock. Pure.

    series = Scripted(10, ((40, 35), (80, 20)))   # 10, after 40 s 35, after 80 s 20
    series.query(begin=time.time() + 30)          # everybody who asks with it sees the same series
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scripted:
    """`changes`: after how many seconds it becomes how much, in their order."""

    first: float
    changes: tuple[tuple[float, float], ...] = ()

    @classmethod
    def holding(cls, seconds: float, *values: float) -> "Scripted":
        """Each value for so long."""
        return cls(values[0], tuple((number * seconds, value) for number, value in enumerate(values[1:], 1)))

    def query(self, begin: float) -> str:
        """PromQL with one result; the first value before `begin`, too."""
        text, value = f"{self.first:g}", self.first
        for after, to in self.changes:
            text += f" + {to - value:g} * (time() >= bool {begin + after:.3f})"
            value = to
        return f"vector({text})"

    def seconds(self) -> float:
        """From its begin to its last change."""
        return self.changes[-1][0] if self.changes else 0.0
