"""The record of a run under load and the figures drawn from it. Pure: every time is an argument, in seconds of one clock."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """One look at everything; None: not known at that moment."""

    at: float
    value: float | None = None
    target: float | None = None
    desired: int | None = None
    ready: int = 0
    rate: float | None = None
    p95_ms: float | None = None
    requests: int = 0
    errors: int = 0


@dataclass
class Timeline:
    """Samples, the moments at which the load changed, and what happened to pods in between."""

    samples: list[Sample] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)
    became_ready: list[tuple[float, str]] = field(default_factory=list)
    removed: list[tuple[float, str]] = field(default_factory=list)

    def start(self) -> float:
        """The first moment there is, which is where a plot begins."""
        return min([sample.at for sample in self.samples[:1]] + list(self.phases.values()), default=0.0)

    def scale_out_s(self, phase: str) -> float | None:
        """Start of `phase` to the first pod that became Ready after it and was not Ready before it."""
        return _first_after(self.became_ready, self.phases.get(phase))

    def scale_in_s(self, phase: str) -> float | None:
        """Start of `phase` to the first pod told to go (its deletion timestamp) after it."""
        return _first_after(self.removed, self.phases.get(phase))

    def max_ready(self) -> int:
        return max((sample.ready for sample in self.samples), default=0)


def _first_after(events: list[tuple[float, str]], start: float | None) -> float | None:
    if start is None:
        return None
    return min((at - start for at, _ in events if at >= start), default=None)


class PodLog:
    """Turns watch events of one set of pods into entries of a timeline: who became Ready when, who was told to go when."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._ready: set[str] = set()
        self._leaving: set[str] = set()

    @property
    def ready(self) -> int:
        """Pods that serve: Ready and not told to go."""
        return len(self._ready)

    def observe(self, at: float, kind: str, pod: dict) -> None:
        """`kind` as in a watch event: ADDED, MODIFIED or DELETED."""
        name = pod["metadata"]["name"]
        going = kind == "DELETED" or "deletionTimestamp" in pod["metadata"]
        if going:
            self._ready.discard(name)
            if name not in self._leaving:
                self._leaving.add(name)
                self._timeline.removed.append((at, name))
        elif is_ready(pod):
            if name not in self._ready:
                self._ready.add(name)
                self._timeline.became_ready.append((at, name))
        else:
            self._ready.discard(name)


def is_ready(pod: dict) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
