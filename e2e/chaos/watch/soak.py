"""Informers of operator/kube behind a network that cuts, stalls, splits and resets connections, while the API server is
killed -9 and etcd compacted: at the end every cache must equal the server, and no change may have been missed on the way.

A writer makes 200 changes a second directly at the API server; a proxy mistreats the watcher's connections; the oracle
(oracle.py) knows the truth from etcd's own log. Results are in out/chaos/. Exit code 1: something was missed or differs.
"""

import argparse
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from chaos import control_plane
from chaos.watch import etcd, objects, oracle, setting
from chaos.watch.feed import Cache
from chaos.watch.objects import INFORMERS, Kind
from chaos.watch.oracle import Finding
from chaos.watch.processes import Proxy, Watcher
from chaos.watch.server import Server, Unknown
from chaos.watch.truth import Truth
from chaos.watch.verdict import Figures, Verdict
from chaos.watch.writer import Writer
from cluster import api
from harness.cluster import OUT
from harness.failure import Failure
from harness.steps import say
from harness.wait import until

_RESTARTS = 10 / 600.0            # kills of the API server a second
_COMPACTIONS = 8 / 600.0
_CHECK_EVERY_SECONDS = 30.0
_PATIENCE_SECONDS = 20.0          # a checkpoint waits so long amid faults, and only then asks for calm
_CALM_SECONDS = 45.0              # with a healthy connection: idle deadline (23 s), backoff, a list
_FINAL_SECONDS = 60.0
_LINE_SECONDS = 5.0


@dataclass(frozen=True)
class Settings:
    seconds: float
    seed: int
    rate: float
    restarts: int
    compactions: int
    lose_event: int   # the watcher swallows the event of this number; 0: none
    nodes: int
    keep: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=600, help="how long (%(default)g)")
    parser.add_argument("--seed", type=int, help="of all chance (default: another one each time)")
    parser.add_argument("--rate", type=float, default=200, help="writes a second (%(default)g)")
    parser.add_argument("--restarts", type=int, help="kills of the API server (10 in 600 s)")
    parser.add_argument("--nodes", type=int, default=0, help="of a cluster that has to be started (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave that cluster up")
    parser.add_argument("--sabotage", action="store_true",
                        help="the watcher swallows one event: the oracle must find it, and the run fail")


def settings_of(arguments: argparse.Namespace) -> Settings:
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    restarts = max(round(_RESTARTS * arguments.seconds), 1) if arguments.restarts is None else arguments.restarts
    return Settings(
        seconds=arguments.seconds, seed=seed, rate=arguments.rate, restarts=restarts,
        compactions=max(round(_COMPACTIONS * arguments.seconds), 1),
        lose_event=random.Random(f"{seed}-lose").randint(200, 2000) if arguments.sabotage else 0,
        nodes=arguments.nodes, keep=arguments.keep)


def run(settings: Settings) -> int:
    folder = OUT / "chaos"
    folder.mkdir(parents=True, exist_ok=True)
    program = setting.build_watcher()
    with control_plane.borrowed(settings.nodes, settings.keep) as found, ExitStack() as clean:
        say(f"chaos watch: {settings.seconds:g} s at {settings.rate:g} writes/s, seed {settings.seed}")
        if found or settings.keep:
            clean.callback(setting.remove_objects)
        setting.make_objects()
        soak = Soak(settings, folder, program, clean)
        verdict = soak.run()
    verdict.write(folder, settings)
    verdict.show(sys.stdout)
    return 0 if verdict.good else 1


class Soak:
    """One run. `clean` ends what it starts."""

    def __init__(self, settings: Settings, folder: Path, program: Path, clean: ExitStack) -> None:
        self._settings = settings
        self._outage_lock = threading.Lock()   # held while the API server is down, or while a checkpoint needs it up
        self._over = threading.Event()
        self._trouble: list[BaseException] = []   # of the threads that do the mischief
        self._late: list[Finding] = []
        self._figures = Figures(planned_restarts=settings.restarts)
        self._writer = Writer(settings.rate, settings.seed, folder / "writes.jsonl")
        self._truth = Truth(self._writer)
        self._proxy = Proxy(api.port(), settings.seed, folder / "proxy.log")
        clean.callback(self._proxy.close)
        self._watcher = Watcher(program, setting.watcher_settings(self._proxy.port, folder, settings.lose_event),
                                folder / "feed.log", folder / "watcher.log")
        clean.callback(self._watcher.close)
        clean.callback(self._over.set)
        self._started = self._show_at = time.monotonic()

    def run(self) -> Verdict:
        until(self._watcher.synced, 120, "the watcher has listed everything once")
        self._started = time.monotonic()
        self._writer.start()
        mischief = [self._in_background(self._settings.restarts, self._restart),
                    self._in_background(self._settings.compactions, self._compact)]
        check_at = self._started + _CHECK_EVERY_SECONDS
        while self._seconds() < self._settings.seconds:
            self._pass_time(0.5)
            self._truth.update()
            if time.monotonic() >= check_at:
                self._checkpoint()
                check_at = max(check_at + _CHECK_EVERY_SECONDS, time.monotonic())
        while any(thread.is_alive() for thread in mischief):
            self._pass_time(0.5)
        self._writer.stop()
        self._check()
        return self._finish()

    # ---- the mischief ----

    def _in_background(self, number: int, act: Callable[[random.Random], None]) -> threading.Thread:
        """`act` spread over the run, each time somewhere in its share of it."""
        chance = random.Random(f"{self._settings.seed}-{act.__name__}")

        def work() -> None:
            try:
                for index in range(number):
                    at = self._settings.seconds * (index + chance.uniform(0.15, 0.85)) / number
                    if self._over.wait(max(at - self._seconds(), 0)):
                        return
                    act(chance)
            except BaseException as trouble:   # raised again by _check
                self._trouble.append(trouble)

        thread = threading.Thread(target=work, name=act.__name__, daemon=True)
        thread.start()
        return thread

    def _restart(self, chance: random.Random) -> None:
        with self._outage_lock:
            with control_plane.killed_api_server():
                if chance.random() < 0.4:
                    self._compact(chance)
                time.sleep(chance.uniform(0, 4))
            self._figures.restarts += 1

    def _compact(self, _: random.Random) -> None:
        etcd.compact(etcd.revision())
        self._figures.compactions += 1

    # ---- the checks ----

    def _check(self) -> None:
        if self._trouble:
            raise self._trouble[0]
        self._writer.check()
        self._watcher.check()

    def _checkpoint(self) -> None:
        """What has been acknowledged until now must be in the caches soon, faults or not; surely once there is calm."""
        started, at = time.monotonic(), self._truth.positions()
        late = self._wait_for_caches(at, started + _PATIENCE_SECONDS)
        if late:
            with self._outage_lock:
                self._figures.calmed += 1
                self._proxy.calm()
                late = self._wait_for_caches(at, time.monotonic() + _CALM_SECONDS)
                self._proxy.chaos()
        self._figures.checkpoint(time.monotonic() - started)
        for finding in late:
            say(f"chaos watch: {self._seconds():.0f} s: checkpoint: {finding}")
        self._late += late

    def _wait_for_caches(self, at: dict[Kind, int], deadline: float) -> list[Finding]:
        """What is still behind when the time is up."""
        while True:
            caches = self._watcher.dump()
            late = [finding for watched in INFORMERS
                    for finding in self._truth.behind(watched, at[watched.kind], caches[watched.name])]
            if not late or time.monotonic() >= deadline:
                return late
            self._pass_time(1)

    def _finish(self) -> Verdict:
        """The writer is silent and the network heals: soon everything must be equal."""
        self._proxy.calm()
        started = time.monotonic()
        self._truth.finish()
        self._figures.versions = {kind.plural: at for kind, at in self._truth.positions().items()}
        unequal = self._compare()
        while unequal and time.monotonic() < started + _FINAL_SECONDS:
            time.sleep(0.5)
            unequal = self._compare()
        self._figures.settled_seconds = time.monotonic() - started
        self._gather()
        self._over.set()
        self._watcher.close()
        verdict = Verdict(self._figures)
        verdict.add("checkpoints", self._late, [], [])
        for watched in INFORMERS:
            feed, expected = self._watcher.feed(watched.name), self._truth.changes(watched)
            found = unequal.get(watched.name, []) + oracle.audit(expected, feed)
            verdict.add(watched.name, found, expected, feed)
        return verdict

    def _compare(self) -> dict[str, list[Finding]]:
        """By informer, the differences between its cache and the server; empty: none at all."""
        caches, server, result = self._watcher.dump(), Server(), {}
        try:
            for watched in INFORMERS:
                truth = {thing["metadata"]["name"]: (thing["metadata"]["uid"], int(thing["metadata"]["resourceVersion"]),
                                                     objects.digest(thing, watched.metadata_only))
                         for thing in server.items(watched.kind.collection, watched.label_selector)}
                cache: Cache = caches[watched.name]
                if found := oracle.compare(truth, cache):
                    result[watched.name] = found
        except Unknown as lost:
            raise Failure(f"the API server does not answer: {lost}") from lost
        finally:
            server.close()
        return result

    # ---- what people see ----

    def _pass_time(self, seconds: float) -> None:
        """Sleeps; looks whether everybody is well, and says how it goes from time to time."""
        time.sleep(seconds)
        self._check()
        if time.monotonic() >= self._show_at:
            self._show_at = time.monotonic() + _LINE_SECONDS
            self._gather()
            say(f"chaos watch: {self._figures.line()}")

    def _gather(self) -> None:
        self._figures.gather(self._seconds(), self._writer, self._watcher, self._proxy)

    def _seconds(self) -> float:
        return time.monotonic() - self._started
