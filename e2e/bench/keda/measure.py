"""One side, from nothing to its figures."""

import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from bench.controller.api_server import Connection
from bench.controller.parallel import for_all
from bench.controller.progress import Bar, rest
from bench.keda import scenario as names
from bench.keda import world
from bench.keda.counts import Counts
from bench.keda.process import Process
from bench.keda.scenario import NAMESPACE, STEADY, STEPS, Scenario
from bench.keda.sides import Side
from bench.keda.world import World
from harness.failure import Failure

_SYNC_SECONDS = 900.0
_STEP_SECONDS = 120.0
_VISIBLE_SECONDS = 15.0
_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"

Figures = dict[str, float]


@dataclass(frozen=True)
class Bench:
    scenario: Scenario
    logs: Path
    keep: bool = False

    def everything(self, side: Side) -> tuple[Figures, list[float]]:
        """Figures, and every decision latency by itself."""
        count = self.scenario.objects
        with world.fresh(self.scenario, self.logs, self.keep) as around:
            with Connection() as connection:
                side.install(connection)
            for_all(f"{side.name}: {count:,} objects", count,
                    lambda connection, index: side.create(connection, index, names.query(index)))
            with side.run(around.kubeconfig, self.logs) as processes:
                figures = {"sync_seconds": self._settle(side, processes)}
                rest(f"{side.name}: at rest", self.scenario.settle_seconds)
                figures |= self._window(side, around, processes, "each its own query")
                latencies = self._latencies(side, around)
                figures |= {"latency_p50_s": statistics.median(latencies), "latency_max_s": max(latencies)}
                for_all(f"{side.name}: one query for all", count,
                        lambda connection, index: side.change(connection, index, names.query(count - 1)))
                rest(f"{side.name}: at rest", self.scenario.settle_seconds)
                shared = self._window(side, around, processes, "one query for all")
                return figures | {f"shared_{key}": value for key, value in shared.items()}, latencies

    def _settle(self, side: Side, processes: list[Process]) -> float:
        """Until everything has the count that its metric asks for; the seconds that it took."""
        started, wanted, done = time.monotonic(), names.replicas(STEADY), 0
        late: list[str] = []
        with Bar(f"{side.name}: settled", self.scenario.objects) as bar, Connection() as connection:
            while done < self.scenario.objects:
                for process in processes:
                    process.check()
                if time.monotonic() - started > _SYNC_SECONDS:
                    raise Failure(f"{side.name}: {done} of {self.scenario.objects} had their count in {_SYNC_SECONDS:g} s; "
                                  + _why(connection, late))
                time.sleep(1)
                things = json.loads(connection.call("GET", f"{_DEPLOYMENTS}?resourceVersion=0"))["items"]
                # Whether kwok has played the pods by then is not the sides' doing.
                late = [thing["metadata"]["name"] for thing in things if thing["spec"]["replicas"] != wanted]
                now = len(things) - len(late)
                bar.advance(now - done)
                done = now
        return time.monotonic() - started

    def _window(self, side: Side, around: World, processes: list[Process], what: str) -> Figures:
        def used() -> dict[str, float]:
            return {"cpu": sum(process.cpu_seconds() for process in processes),
                    "queries": around.prometheus.queries(),
                    "prometheus_cpu": around.prometheus.process.cpu_seconds(),
                    "api_server_cpu": world.cpu_seconds("kube-apiserver"),
                    "controllers_cpu": world.cpu_seconds("kube-controller-manager")}

        before, started = used(), time.monotonic()
        rest(f"{side.name}: measured, {what}", self.scenario.window_seconds)
        after, seconds = used(), time.monotonic() - started
        rate = {f"{key}_per_second": (after[key] - before[key]) / seconds for key in before}
        return rate | {"rss_bytes": float(sum(process.rss() for process in processes))}

    def _latencies(self, side: Side, around: World) -> list[float]:
        """Seconds from the moment when Prometheus gives the new value to the new count in the Deployment's spec."""
        samples, out = range(self.scenario.samples), []
        for value in STEPS[:self.scenario.steps]:
            with Counts() as counts, Bar(f"{side.name}: {len(samples)} steps to {value:g}", len(samples)) as bar:
                around.load.step(samples, value)
                shown = around.prometheus.until_shows(names.query(samples[0]), value * 0.95, _VISIBLE_SECONDS)
                wanted = [side.deployment(index) for index in samples]
                changed = counts.until(wanted, names.replicas(value * 0.95), _STEP_SECONDS, bar)
            if len(changed) < len(wanted):
                raise Failure(f"{side.name}: {len(wanted) - len(changed)} of {len(wanted)} did not follow their metric "
                              f"within {_STEP_SECONDS:g} s")
            out += [at - shown for at in changed.values()]
        return out


def _why(connection: Connection, late: list[str]) -> str:
    """What is known of a workload without its count: the HPAs that scale it, word for word."""
    if not late:
        return "the others have no Deployment yet"
    hpas = json.loads(connection.call("GET", f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers"))["items"]
    told = [{"hpa": hpa["metadata"]["name"], **hpa.get("status", {})} for hpa in hpas
            if hpa["spec"]["scaleTargetRef"]["name"] == late[0]]
    return f"{late[0]} has not: {json.dumps(told)}"
