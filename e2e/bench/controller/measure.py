"""One round of one side: a fresh process, everything that is measured of it, and its end."""

from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.controller import api_server, load
from bench.controller.api_server import Connection
from bench.controller.manager import Manager
from bench.controller.parallel import for_all, steadily
from bench.controller.progress import rest
from bench.controller.scenario import Scenario

_ARRIVAL_SECONDS = 120.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Side:
    """`options` are what a variant adds to the command line."""

    name: str
    binary: Path

    def argv(self, scenario: Scenario, options: tuple[str, ...]) -> list[str | Path]:
        return [self.binary, "--widgets", str(scenario.widgets), *options]


@dataclass(frozen=True)
class Bench:
    scenario: Scenario
    kubeconfig: Path
    logs: Path

    def everything(self, side: Side, options: tuple[str, ...] = ()) -> Figures:
        """All figures with pods in the cluster."""
        with self._synced(side, options) as (manager, figures):
            self._idle(manager, figures)
            self._relist(manager, figures)
            rest("quiet again", self.scenario.quiet_seconds)
            self._updates(manager, figures)
            rest("quiet again", self.scenario.quiet_seconds)
            self._reconciles(manager, figures)
            self._check_nothing_was_written(manager)
        return figures

    def memory_alone(self, side: Side) -> Figures:
        with self._synced(side, ()) as (manager, figures):
            self._idle(manager, figures)
        return figures

    def memory_and_reconciles(self, side: Side, options: tuple[str, ...]) -> Figures:
        with self._synced(side, options) as (manager, figures):
            self._idle(manager, figures)
            self._reconciles(manager, figures)
        return figures

    @contextmanager
    def _synced(self, side: Side, options: tuple[str, ...]) -> Iterator[tuple[Manager, Figures]]:
        log = self.logs / f"bench-{side.name}.log"
        server_cpu = api_server.cpu_seconds()
        with Manager(side.name, side.argv(self.scenario, options), self.kubeconfig, log) as manager:
            figures: Figures = {"sync_seconds": manager.wait_until_synced()}
            figures["sync_cpu_seconds"] = manager.cpu_seconds()
            figures["sync_server_cpu_seconds"] = api_server.cpu_seconds() - server_cpu
            figures["sync_peak_bytes"] = manager.memory().peak
            yield manager, figures

    def _idle(self, manager: Manager, figures: Figures) -> None:
        rest(f"{manager.name}: idle", self.scenario.idle_seconds)
        memory = manager.memory()
        figures |= {"rss_bytes": memory.rss, "pss_bytes": memory.pss, "anonymous_bytes": memory.anonymous}

    def _relist(self, manager: Manager, figures: Figures) -> None:
        """The manager sleeps while pods change and the API server dies; on waking it has to list everything again: the
        new API server knows nothing of the past."""
        before = manager.ask("stats")
        manager.pause()
        touch = load.touch_pod("changed unseen")
        for_all(f"{manager.name}: {self.scenario.changed_unseen} pods change unseen", self.scenario.changed_unseen, touch)
        with Connection() as connection:
            load.write_something_else(connection)
        api_server.kill()
        api_server.start()
        manager.clear_peak()
        manager.resume()
        wanted = before["pod_events"] + self.scenario.changed_unseen
        manager.wait_for("a relist of everything", lambda now: now["pod_events"] >= wanted and all(
            now["lists"][kind] > before["lists"][kind] for kind in before["lists"]), _ARRIVAL_SECONDS)
        rest(f"{manager.name}: after the relist", self.scenario.quiet_seconds)
        figures["peak_bytes"] = manager.memory().peak
        self._check_arrived(manager, wanted)

    def _updates(self, manager: Manager, figures: Figures) -> None:
        updates, rate = self.scenario.updates, self.scenario.updates_per_second
        before, cpu, server_cpu = manager.ask("stats")["pod_events"], manager.cpu_seconds(), api_server.cpu_seconds()
        touch = load.touch_pod("updated")
        pods = self.scenario.pods
        took = steadily(f"{manager.name}: {updates:,} updates at {rate}/s", updates, rate,
                        lambda connection, number: touch(connection, number * 7 % pods))
        manager.wait_for(f"{updates} updates", lambda now: now["pod_events"] >= before + updates, _ARRIVAL_SECONDS)
        figures["updates_cpu_seconds"] = manager.cpu_seconds() - cpu
        figures["updates_server_cpu_seconds"] = api_server.cpu_seconds() - server_cpu
        figures["updates_per_second"] = updates / took
        self._check_arrived(manager, before + updates)

    def _reconciles(self, manager: Manager, figures: Figures) -> None:
        seconds = self.scenario.spin_seconds
        cpu = manager.cpu_seconds()
        answer = manager.ask(f"spin {seconds:g}", seconds)
        figures["reconciles_per_second"] = answer["reconciles"] / answer["seconds"]
        figures["reconcile_cpu_us"] = (manager.cpu_seconds() - cpu) / max(answer["reconciles"], 1) * 1e6

    def _check_arrived(self, manager: Manager, changes: int) -> None:
        if (seen := manager.ask("stats")["pod_events"]) != changes:
            raise manager.failure(f"{seen} changes of pods arrived, and {changes} were made")

    def _check_nothing_was_written(self, manager: Manager) -> None:
        if writes := manager.ask("stats")["writes"]:
            raise manager.failure(f"wrote {writes} times: the Widgets were not settled, or it counts wrong")
