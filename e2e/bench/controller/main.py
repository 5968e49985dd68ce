"""operator/kube against controller-runtime: the same manager on both, in turns, against the same API server.

  e2e/bench/controller/run               10,000 pods, 1,000 custom resources, 30,000 foreign Secrets; about 20 minutes
  e2e/bench/controller/run --quick       1,000 pods, 100 custom resources: whether it works, not how good it is
      --operator                         also the operator itself, with as many ScalableBackends
      --operator-alone                   nothing but that; 5 minutes
      --plot                             also writes docs/bench-controller.svg
      --keep                             leaves the cluster up, with everything in it

README.md beside this file says what is measured and how. Needs root: it starts a control plane of its own (e2e/cluster).
Results also go to out/bench/controller.json.
"""

import json
import platform
import subprocess
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from bench.controller import api_server, builds, chart, load, operator, report
from bench.controller.api_server import Connection
from bench.controller.measure import Bench, Figures, Side
from bench.controller.scenario import FULL, QUICK, Scenario
from cluster import components, paths
from harness.bench import run
from harness.cluster import LAUNCHER, OUT, REPOSITORY
from harness.failure import Failure
from harness.setup import alone_on_this_machine
from harness.steps import Steps, say

_UP_SECONDS = 3600.0
_DOWN_SECONDS = 120.0
_TITLE = "The same manager on operator/kube and on controller-runtime"
_PLOT = REPOSITORY / "docs/bench-controller.svg"


def main() -> int:
    arguments = _arguments()

    def work() -> str:
        builds.build(arguments.operator or arguments.operator_alone)
        with alone_on_this_machine():
            return _run(arguments, QUICK if arguments.quick else FULL)
    return run(work)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="run", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    for flag in ("quick", "operator", "operator-alone", "plot", "keep"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args()


def _run(arguments: Namespace, scenario: Scenario) -> str:
    if paths.FACTS.exists():
        raise Failure(f"a cluster is up, and this would measure it, too: {LAUNCHER} down ends it")
    logs = OUT / "log"
    with Steps(logs) as steps:
        steps.run("control plane", [LAUNCHER, "up", "--nodes", "0"], _UP_SECONDS)
        try:
            api_server.silence_others()
            kubeconfig = paths.STATE / "bench-kubeconfig"
            api_server.write_kubeconfig(kubeconfig)
            measure = _measure_operator if arguments.operator_alone else _measure
            return measure(arguments, Bench(scenario, kubeconfig, logs))
        finally:
            if arguments.keep:
                say(f"the control plane stays up; {LAUNCHER} down ends it")
            else:
                steps.run("control plane down", [LAUNCHER, "down"], _DOWN_SECONDS)


def _measure_operator(_: Namespace, bench: Bench) -> str:
    load.widgets_and_secrets(bench.scenario)
    figures = operator.measure(bench)
    return "bench: " + " ".join(f"operator_{name.removesuffix('_bytes')}_30k_secrets_mb={value / 1e6:.1f}"
                                for name, value in figures.items())


def _measure(arguments: Namespace, bench: Bench) -> str:
    scenario = bench.scenario
    ours, theirs = Side("ours", builds.OURS), Side("theirs", builds.THEIRS)
    secrets: dict[str, list[Figures]] = {"ours": [], "theirs": []}
    rounds: dict[str, list[Figures]] = {"ours": [], "theirs": []}
    load.widgets_and_secrets(scenario)
    for side in (ours, theirs) * scenario.rounds:
        say(f"{side.name}: memory with {scenario.secrets:,} foreign Secrets, without pods")
        secrets[side.name].append(bench.memory_alone(side))
    operator_figures = operator.measure(bench) if arguments.operator else None
    load.pods(scenario)
    with Connection() as connection:
        sizes = {"pod_bytes": load.mean_pod_bytes(connection), "secret_bytes": load.mean_secret_bytes(connection)}
    say(f"a pod has {sizes['pod_bytes']:,.0f} bytes of JSON, a Secret {sizes['secret_bytes']:,.0f}")
    for number, side in enumerate((ours, theirs) * scenario.rounds):
        say(f"{side.name}: everything, round {number // 2 + 1} of {scenario.rounds}")
        rounds[side.name].append(bench.everything(side))
    say("metadata, phase and conditions only")
    status_only = {side.name: bench.everything(side, ("--status-only",)) for side in (ours, theirs)}
    say("theirs with UnsafeDisableDeepCopy")
    no_copy = bench.memory_and_reconciles(theirs, ("--unsafe-no-copy",))

    weights = {"ours": builds.weight_of_ours(), "theirs": builds.weight_of_theirs()}
    summary = {name: report.combine(rounds[name]) | {
        "rss_secrets_bytes": report.combine(secrets[name])["rss_bytes"],
        "binary_bytes": weights[name].binary, "image_bytes": weights[name].image} for name in rounds}
    projected = {name: report.combine([figures]) for name, figures in status_only.items()}
    versions = {**builds.versions(), "kubernetes": components.KUBERNETES}
    everything = report.results(
        scenario=vars(scenario), sizes=sizes, versions=versions, machine=_machine(), rounds=rounds,
        secrets=secrets, summary=summary, status_only=status_only, no_copy=no_copy, operator=operator_figures)
    _write(OUT / "bench/controller.json", json.dumps(everything, indent=1))
    _print(scenario, versions, sizes, summary, projected, no_copy, operator_figures)
    if arguments.plot:
        _write(_PLOT, chart.render(report.MAIN_ROWS, summary["ours"], summary["theirs"], _TITLE,
                                   _caption(scenario, versions)))
    return report.last_line(summary["ours"], summary["theirs"],
                            operator_figures["rss_bytes"] if operator_figures else None)


def _print(scenario: Scenario, versions: dict[str, str], sizes: dict[str, float], summary: dict[str, Figures],
           projected: dict[str, Figures], no_copy: Figures, operator_figures: Figures | None) -> None:
    print(f"\n{_caption(scenario, versions)}; a pod has {sizes['pod_bytes']:,.0f} bytes of JSON\n")
    print(report.table(report.MAIN_ROWS, summary["ours"], summary["theirs"]))
    print(f"\ntheirs with UnsafeDisableDeepCopy: {no_copy['reconciles_per_second']:,.0f} reconciles/s "
          f"({no_copy['reconcile_cpu_us']:.1f} us), {no_copy['rss_bytes'] / 1e6:.1f} MB")
    print("\nPods reduced to metadata, phase and conditions, on both sides (one round):\n")
    print(report.table(report.STATUS_ONLY_ROWS, projected["ours"], projected["theirs"]))
    if operator_figures:
        print(f"\nthe operator with {scenario.backends:,} ScalableBackends and {scenario.secrets:,} foreign Secrets: "
              f"{operator_figures['rss_bytes'] / 1e6:.1f} MB resident, "
              f"{operator_figures['fresh_rss_bytes'] / 1e6:.1f} MB after a restart")
    print(flush=True)


def _caption(scenario: Scenario, versions: dict[str, str]) -> str:
    return (f"{scenario.pods:,} pods, {scenario.widgets:,} custom resources, {scenario.secrets:,} foreign Secrets; "
            f"controller-runtime {versions.get('controller-runtime')} (client-go {versions.get('client-go')}, "
            f"{versions['go']}), Kubernetes {versions['kubernetes']}")


def _machine() -> dict[str, str]:
    cores = subprocess.run(["nproc"], capture_output=True, text=True).stdout.strip()
    return {"cores": cores, "kernel": platform.release(), "load": Path("/proc/loadavg").read_text().split()[0]}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    say(f"written: {path}")


if __name__ == "__main__":
    sys.exit(main())
