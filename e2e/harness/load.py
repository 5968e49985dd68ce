"""A stretch of load on one backend, watched while it runs: the metric, the replicas, requests, latency, errors.

    run = LoadRun(api, "default", "todo", load_namespace="load", phases=[Phase("base", 60, 30), ...])
    timeline, summary = run.execute(screen.show)

The request rate is counted between two looks; p95 is that of the current phase so far.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from harness import hpa, k6
from harness.api import Api, Refused, in_background
from harness.failure import Failure
from harness.k6 import K6Pod, Phase
from harness.timeline import PodLog, Sample, Timeline

_LOOK_SECONDS = 1.0
_START_SECONDS = 120.0
# k6 prints its summary and the pod ends, after the last answer.
_END_SECONDS = 45.0


class LoadRun:
    def __init__(self, api: Api, namespace: str, backend: str, load_namespace: str, phases: list[Phase]) -> None:
        self._api = api
        self._namespace = namespace
        self._backend = backend
        self._load_namespace = load_namespace
        self._phases = phases
        self.timeline = Timeline()
        self._pods = PodLog(self.timeline)
        self._pods_lock = threading.Lock()
        self._phase_began = threading.Event()
        self._over = threading.Event()

    def execute(self, on_sample: Callable[[Sample, str], None] = lambda sample, phase: None) -> dict[str, Any]:
        """Runs all phases; returns k6's summary, with its unexpected answers under `unexpected`."""
        seconds = sum(phase.seconds for phase in self._phases)
        in_background("pods", lambda: self._watch_pods(seconds + int(_START_SECONDS + _END_SECONDS)))
        pod = K6Pod.start(
            self._api, self._load_namespace, f"load-{self._backend}", "mixed",
            {"BASE_URL": f"http://{self._backend}-api.{self._namespace}.svc", "PHASES": k6.phases_json(self._phases)},
            self._on_line)
        try:
            self._look_until_done(pod, seconds, on_sample)
            log = pod.wait(_END_SECONDS)
        finally:
            self._over.set()
        return {**k6.summary(log), "unexpected": k6.unexpected(log)}

    def await_phase(self, name: str, seconds: float) -> bool:
        """Waits until the phase has sent its first request; False if it did not in time or the load ended."""
        deadline = time.monotonic() + seconds
        while name not in self.timeline.phases and not self._over.is_set() and time.monotonic() < deadline:
            self._phase_began.wait(0.5)
        return name in self.timeline.phases

    def _look_until_done(self, pod: K6Pod, seconds: int, on_sample: Callable[[Sample, str], None]) -> None:
        deadline = time.monotonic() + seconds + _START_SECONDS
        last: Sample | None = None
        while not pod.ended(_LOOK_SECONDS):
            if time.monotonic() > deadline:
                raise Failure(f"k6 runs longer than its {seconds} s: {pod.log[-3:]}")
            phase = max(self.timeline.phases, key=self.timeline.phases.get, default="")
            sample = self._look(pod, phase, last)
            last = sample
            self.timeline.samples.append(sample)
            on_sample(sample, phase or "starting")

    def _look(self, pod: K6Pod, phase: str, last: Sample | None) -> Sample:
        reading = self._read_hpa()
        figures = pod.figures()
        now = time.monotonic()
        with self._pods_lock:
            ready = self._pods.ready
        if figures is None:
            return Sample(now, reading.value, reading.target, reading.desired, ready,
                          requests=last.requests if last else 0, errors=last.errors if last else 0)
        rate = (figures.requests - last.requests) / (now - last.at) if last else None
        return Sample(now, reading.value, reading.target, reading.desired, ready, rate,
                      figures.p95_ms.get(phase), figures.requests, figures.errors)

    def _read_hpa(self) -> hpa.Reading:
        path = f"/apis/autoscaling/v2/namespaces/{self._namespace}/horizontalpodautoscalers/{self._backend}-api"
        try:
            return hpa.read(self._api.get(path))
        except Failure:
            return hpa.read({})

    def _on_line(self, at: float, line: str) -> None:
        if phase := k6.phase_started(line):
            self.timeline.phases[phase] = at
            self._phase_began.set()

    def _watch_pods(self, seconds: int) -> None:
        """Follows the backend's API pods. A watch that breaks starts over: what is known already counts once."""
        selector = f"scalablebackend.io/name={self._backend},scalablebackend.io/component=api"
        while not self._over.is_set():
            try:
                for kind, pod in self._api.watch(f"/api/v1/namespaces/{self._namespace}/pods", seconds,
                                                 labelSelector=selector):
                    with self._pods_lock:
                        self._pods.observe(time.monotonic(), kind, pod)
            except Refused:
                self._over.wait(1)


def first_200(api: Api, namespace: str, url: str, begin: Callable[[], None], seconds: float) -> float:
    """Seconds from `begin()` to the first 200 of `url`, asked for every 50 ms by a pod that was there before."""
    seen: dict[str, float] = {}
    asking = threading.Event()

    def on_line(at: float, line: str) -> None:
        seen.setdefault(line.split()[0] if line else "", at)
        if line == "polling":
            asking.set()

    pod = K6Pod.start(api, namespace, "first-200", "first_200", {"URL": url, "SECONDS": f"{seconds:g}"}, on_line)
    if not asking.wait(90):
        raise Failure(f"the pod that waits for the first 200 does not ask: {pod.log[-3:]}")
    start = time.monotonic()
    begin()
    log = pod.wait(seconds + 15)
    if "first-200" not in seen:
        raise Failure(f"no 200 from {url}: {log[-1] if log else 'no log'}")
    pod.remove()
    return seen["first-200"] - start
