"""How many objects there are, how long they are watched, and what they scale on."""

from dataclasses import dataclass

NAMESPACE = "bench"
TARGET = 10         # of the metric, a pod
STEADY = 19.0       # the metric's value: two pods, also when it wavers (load.py)
STEPS = (29.0, 48.0)  # for the samples of decision latency: three pods, five pods


@dataclass(frozen=True)
class Scenario:
    objects: int = 1000
    nodes: int = 20
    settle_seconds: float = 40    # after the last object has its count, and after every change of all objects
    window_seconds: float = 120   # eight periods of the HPA controller, four of KEDA's own polls
    samples: int = 50             # objects whose metric takes a step, a step
    steps: int = len(STEPS)


FULL = Scenario()
QUICK = Scenario(objects=100, nodes=4, settle_seconds=10, window_seconds=40, samples=10, steps=1)


def name(index: int) -> str:
    return f"backend-{index:04}"


def query(index: int) -> str:
    """Everybody's own."""
    return f'max(load{{backend="{name(index)}"}})'


def replicas(value: float) -> int:
    """What the metric asks for."""
    return -int(-value // TARGET)
