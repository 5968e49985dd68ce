"""The command line: `run SCENARIO`. Progress goes to stderr, figures to stdout; the last line is the verdict."""

import argparse
import sys

from chaos import prometheus
from chaos.watch import soak
from chaos.watch.server import Unknown
from cluster.errors import ClusterError
from harness.failure import Failure


def main() -> int:
    parser = argparse.ArgumentParser(prog="run", description="Faults on purpose, judged by an oracle.")
    scenarios = parser.add_subparsers(dest="scenario", required=True, metavar="SCENARIO")
    soak.add_arguments(scenarios.add_parser(
        "watch", help="informers behind a faulty network while the API server is killed: is any change missed?",
        description=soak.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    prometheus.add_arguments(scenarios.add_parser(
        "prometheus", help="Prometheus is wrong in every way for ten minutes: is anything scaled in?",
        description=prometheus.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    arguments = parser.parse_args()
    scenario = {"watch": soak, "prometheus": prometheus}[arguments.scenario]
    try:
        return scenario.run(scenario.settings_of(arguments))
    except (Failure, ClusterError, Unknown, AssertionError) as failure:
        print(f"chaos {arguments.scenario}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"chaos {arguments.scenario}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
