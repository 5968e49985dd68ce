"""This operator beside KEDA: 1,000 ScalableBackends or 1,000 ScaledObjects, one Prometheus, the stock HPA controller for both.

  e2e/bench/keda/run                 1,000 objects a side; about 25 minutes
  e2e/bench/keda/run --quick         100 objects, short: whether it works, not how good it is
      --objects N                    so many of them
      --only ours|keda|direct        that side alone (repeatable)
      --keep                         leaves the (last) control plane up

README.md beside this file says what is measured and how. Needs root: it starts a control plane of its own (e2e/cluster).
Results also go to out/bench/keda.json.
"""

import json
import os
import platform
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from dataclasses import replace

from bench.controller import builds
from bench.keda import report
from bench.keda.measure import Bench, Figures
from bench.keda.scenario import FULL, QUICK, Scenario
from bench.keda.sides import Keda, Ours, Side
from cluster import components, paths
from harness.bench import run
from harness.cluster import LAUNCHER, OUT, REPOSITORY
from harness.failure import Failure
from harness.setup import alone_on_this_machine
from harness.steps import Steps, say

_BUILD_SECONDS = 3600.0
_SIDES: dict[str, Side] = {"ours": Ours("HPA"), "keda": Keda(), "direct": Ours("Direct")}


def main() -> int:
    arguments = _arguments()

    def work() -> str:
        _build(arguments.only or list(_SIDES))
        with alone_on_this_machine():
            scenario = QUICK if arguments.quick else FULL
            return _run(arguments, replace(scenario, objects=arguments.objects or scenario.objects))
    return run(work, (AssertionError,))


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="run", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    for flag in ("quick", "keep"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--objects", type=int)
    parser.add_argument("--only", action="append", choices=sorted(_SIDES))
    return parser.parse_args()


def _build(sides: list[str]) -> None:
    with Steps(OUT / "log") as steps:
        steps.run("operator", [str(REPOSITORY / "setup/build.sh"), "scalablebackend"], _BUILD_SECONDS,
                  {**os.environ, "PRESET": "static"})
    prometheus = next(program for program in components.PROGRAMS if program.name == "prometheus")
    keda = (components.KEDA_OPERATOR, components.KEDA_ADAPTER) if "keda" in sides else ()
    components.build((*components.needed(0), prometheus, components.KWOK, *keda))


def _run(arguments: Namespace, scenario: Scenario) -> str:
    if paths.FACTS.exists():
        raise Failure(f"a cluster is up, and this would measure it, too: {LAUNCHER} down ends it")
    bench = Bench(scenario, OUT / "log", arguments.keep)
    figures: dict[str, Figures] = {}
    latencies: dict[str, list[float]] = {}
    for key in arguments.only or _SIDES:
        figures[key], latencies[key] = bench.everything(_SIDES[key])
        say(f"{_SIDES[key].name}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures[key].items()))
        _write(scenario, figures, latencies)
    if not {"ours", "keda"} <= set(figures):
        return "bench: not a comparison"
    _print(scenario, figures)
    return report.last_line(figures["ours"], figures["keda"], figures.get("direct"))


def _print(scenario: Scenario, figures: dict[str, Figures]) -> None:
    sides = {_SIDES[key].name: figures[key] for key in figures}
    print(f"\n{scenario.objects:,} objects a side, two pods each; Kubernetes {components.KUBERNETES}, one Prometheus; "
          f"{scenario.window_seconds:g} s at rest\n")
    print(report.table(report.ROWS, sides, Keda.name))
    print("\nThe same with one query for all objects:\n")
    print(report.table(report.SHARED_ROWS, sides, Keda.name))
    print(flush=True)


def _write(scenario: Scenario, figures: dict[str, Figures], latencies: dict[str, list[float]]) -> None:
    path = OUT / "bench/keda.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "schema": 1, "scenario": vars(scenario), "figures": figures, "latencies": latencies,
        "versions": {"keda": components.KEDA, "kubernetes": components.KUBERNETES},
        "machine": {"cores": os.cpu_count(), "kernel": platform.release()}}, indent=1))
    say(f"written: {path}")


if __name__ == "__main__":
    sys.exit(main())
