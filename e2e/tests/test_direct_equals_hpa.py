"""The engine Direct beside the real HPA controller: the same series of the metric, the same sequence of counts.

Twin workers of one backend, one on each engine, scale on the very same series with the very same settings; a watch records the
counts. Timing differs, 2 s against 15 s, so each value is held long enough for both: a sample that the HPA controller
gets is up to 21 s old, so it meets a value up to 36 s late, and one that is gone up to 21 s longer. What else may differ
is in docs/autoscaling.md.
"""

import threading
import time
from dataclasses import dataclass, field

import pytest

from harness.api import in_background
from harness.scripted import Scripted

LEAD_SECONDS = 25   # from the change of the specs to the first values: both engines know the new series by then
LAST_SECONDS = 300  # for the last counts, on a slow machine
REST_SECONDS = 45   # after them: three rounds of the HPA controller, in which no other count may come


@dataclass(frozen=True)
class Script:
    """`counts`: what autoscaling/v2 makes of it, worked out by hand."""

    series: Scripted
    counts: list[int]
    least: int = 1
    most: int = 8
    target: dict = field(default_factory=lambda: {"averageValue": "10"})
    behavior: dict = field(default_factory=dict)


def rules(window: int = 0, *policies: tuple[str, int, int], **more) -> dict:
    out = {"stabilizationWindowSeconds": window, **more}
    if policies:
        out["policies"] = [{"type": kind, "value": value, "periodSeconds": period} for kind, value, period in policies]
    return out


SCRIPTS = {
    # Up within the default limits of `behavior`, down at once.
    "steps": Script(Scripted.holding(40, 10, 35, 52, 20, 10), [1, 4, 6, 2, 1], behavior={"scaleDown": rules()}),
    # 21.9 of 20 and 27.5 of 30 are close enough; 22.5 and 18 are not.
    "band": Script(Scripted.holding(40, 20, 21.9, 22.5, 27.5, 18), [2, 3, 2], behavior={"scaleDown": rules()}),
    "caps": Script(Scripted.holding(40, 5, 100, 5), [2, 4, 2], least=2, most=4, behavior={"scaleDown": rules()}),
    # Two pods each half minute out, one each half minute in.
    "rates": Script(Scripted(10, ((40, 70), (180, 40))), [1, 3, 5, 7, 6, 5, 4],
                    behavior={"scaleUp": rules(0, ("Pods", 2, 30)), "scaleDown": rules(0, ("Pods", 1, 30))}),
    # A dip and a spike that are shorter than their windows move nothing; what lasts does. Samples of 20 s may be all
    # that the HPA controller gets for 41 s, and its look before was up to 15 s earlier: windows are longer than 56 s.
    "windows": Script(Scripted(40, ((40, 10), (60, 40), (110, 60), (130, 40), (180, 10))), [4, 1],
                      behavior={"scaleUp": rules(65), "scaleDown": rules(65)}),
    # At most half of the pods each half minute in, and the smaller of two limits out.
    "percent": Script(Scripted(40, ((40, 10), (130, 40))), [4, 2, 1, 2, 4],
                      behavior={"scaleUp": rules(0, ("Percent", 100, 30), ("Pods", 4, 30), selectPolicy="Min"),
                                "scaleDown": rules(0, ("Percent", 50, 30))}),
    # Out at once, in never.
    "out-only": Script(Scripted.holding(40, 10, 40, 10), [1, 4], behavior={"scaleDown": {"selectPolicy": "Disabled"}}),
}


def twin(engine: str, script: Script, begin: float) -> dict:
    return {"engine": engine, "minReplicas": script.least, "maxReplicas": script.most, "behavior": script.behavior,
            "metrics": [{"type": "Prometheus", "name": "scripted", "query": script.series.query(begin),
                         "target": script.target}]}


def workers(begin: float) -> list[dict]:
    return [{"name": f"{engine.lower()}-{name}", "autoscaling": twin(engine, script, begin),
             "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}}}
            for name, script in SCRIPTS.items() for engine in ("HPA", "Direct")]


def deployment(backend, engine: str, name: str) -> str:
    return f"{backend.name}-worker-{engine.lower()}-{name}"


class Counts:
    """The counts of all Deployments of a namespace, each change of each."""

    def __init__(self, api, namespace: str, seconds: float) -> None:
        self._api, self._path = api, f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self._ends = time.monotonic() + seconds
        self._seen: dict[str, list[int]] = {}
        self._changed = threading.Condition()   # guards _seen
        in_background("counts", self._read)

    def of(self, name: str) -> list[int]:
        with self._changed:
            return list(self._seen.get(name, []))

    def until_as_long(self, wanted: dict[str, list[int]], seconds: float) -> None:
        """Until each has had as many counts as `wanted`, whatever they are; or until the time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(len(self._seen.get(name, [])) >= len(counts) for name, counts in wanted.items()), seconds)

    def stop(self) -> None:
        self._ends = 0.0   # the watch that is open ends by itself

    def _read(self) -> None:
        while (left := int(self._ends - time.monotonic())) > 0:
            for _, thing in self._api.watch(self._path, left):
                with self._changed:
                    counts = self._seen.setdefault(thing["metadata"]["name"], [])
                    if not counts or counts[-1] != thing["spec"]["replicas"]:
                        counts.append(thing["spec"]["replicas"])
                        self._changed.notify_all()


@pytest.mark.timeout(1200)
def test_the_same_series_gives_the_same_counts(backend, kube, api):
    """Who moves from the HPA to Direct, for the speed, must not get another number of pods with it."""
    far = time.time() + 1e6
    backend.apply(api={"replicas": 1}, workers=workers(far)).until_ready(240)
    for name, script in SCRIPTS.items():
        for engine in ("HPA", "Direct"):
            kube.until("Deployment", backend.namespace,
                       lambda found, wanted=script.counts[0]: found and found[0]["spec"].get("replicas") == wanted, 240,
                       f"{engine} {name} has its first count", name=deployment(backend, engine, name))
    time.sleep(30)  # the history of the way here leaves the windows
    begin = time.time() + LEAD_SECONDS
    longest = max(script.series.seconds() for script in SCRIPTS.values())
    wanted = {deployment(backend, engine, name): script.counts
              for name, script in SCRIPTS.items() for engine in ("HPA", "Direct")}
    counts = Counts(api, backend.namespace, LEAD_SECONDS + longest + LAST_SECONDS + REST_SECONDS)
    backend.apply(workers=workers(begin))
    counts.until_as_long(wanted, LEAD_SECONDS + longest + LAST_SECONDS)
    # Some scripts end where they have been before, so the last change has to be over for all.
    time.sleep(max(begin + longest - time.time(), 0) + REST_SECONDS)
    counts.stop()
    wrong = {who: f"{got}, not {right}" for who, right in wanted.items() if (got := counts.of(who)) != right}
    assert not wrong, wrong
