"""How fast the autoscaler decides, on a real cluster; and how well, on ten made-up days.

  e2e/bench/scaling/run            about 14 minutes with everything built
  e2e/bench/scaling/run --quick    few steps: whether it works, not how good it is
      --keep                       leaves the cluster up

README.md beside this file says what is measured and how. Needs root: it starts a cluster of its own (e2e/cluster), or uses
the launcher's if it is up. Results also go to out/bench/scaling.json.
"""

import json
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from bench.scaling import days, decisions, report, zero
from bench.scaling.scenario import DIRECT, FULL, HPA, NAMESPACE, QUICK, Object, Scenario
from harness.api import Api
from harness.bench import run
from harness.cluster import OUT, Cluster
from harness.failure import Failure
from harness.setup import prepared
from harness.steps import say


def main() -> int:
    arguments = _arguments()

    def work() -> str:
        with prepared(nodes=3, keep=arguments.keep) as cluster:
            if not cluster.local:
                raise Failure("it asks from a node's own network, so the cluster has to be the launcher's: unset KUBECONFIG")
            return _measure(cluster, QUICK if arguments.quick else FULL)
    return run(work)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="run", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    for flag in ("quick", "keep"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args()


def _measure(cluster: Cluster, scenario: Scenario) -> str:
    simulated = days.simulate()

    def apply(thing: Object) -> None:
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=json.dumps(thing))

    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    try:
        with Api.open(cluster.kubectl_path, cluster.kubeconfig) as api:
            delays = decisions.measure(cluster, api, scenario, apply)
            from_zero = zero.measure(api, scenario, apply)
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)
    found = report.figures(delays, from_zero, days.ratios(simulated))
    print(simulated)
    print(report.delays_table(delays))
    for engine in (DIRECT, HPA):
        print(f"\nengine {engine}:\n{report.histogram(delays[engine])}")
    print(f"\n{report.zero_text(from_zero)}\n\n{report.verdicts(found)}\n", flush=True)
    path = OUT / "bench/scaling.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"schema": 1, "scenario": vars(scenario), "figures": vars(found), "delays": delays,
                                "zero": vars(from_zero)}, indent=1))
    say(f"written: {path}")
    return report.last_line(found)


if __name__ == "__main__":
    sys.exit(main())
