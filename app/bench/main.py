"""The Todo API, the same API written with FastAPI, and the same in Rust with axum: side by side on this machine.

  app/bench/run               all of it, three rounds of 10 s a figure; about 20 minutes
  app/bench/run --quick       one round of 3 s a figure: whether it works, not how good it is
      --sides fastapi,axum    only these beside ours (of: axum axum-per-core axum-coalesced fastapi; `none`)
      --seconds 5 --rounds 2  how long, how often
      --socket                PostgreSQL over its unix socket, for all; without: over loopback
      --idle 10000            so many idle connections to ours, to see their memory; 0: none
      --no-compile            our binary as it is
      --plot                  also writes docs/bench-app.svg

PostgreSQL and Redis are Debian's, started for the run, durable, with 1,000 users of 20 tasks; wrk keeps 64 connections
busy. README.md beside this file says what is measured and how. Results also go to out/bench/app.json.
"""

import json
import os
import platform
import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from app.bench import bench, builds, chart, idle, report, sides, wrk
from app.bench.servers import backing
from harness.bench import run
from harness.cluster import OUT, REPOSITORY
from harness.setup import alone_on_this_machine
from harness.steps import say

_PLOT = REPOSITORY / "docs/bench-app.svg"


def main() -> int:
    arguments = _arguments()

    def work() -> str:
        builds.build(arguments.sides, not arguments.no_compile)
        with alone_on_this_machine():   # demo, tests and benches: one at a time
            return _run(arguments)
    return run(work)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="run", description=__doc__, formatter_class=RawDescriptionHelpFormatter,
                            usage="app/bench/run [options]")
    parser.add_argument("--sides", type=_sides, default=list(sides.NAMES), help=SUPPRESS)
    parser.add_argument("--seconds", type=float, default=None, help=SUPPRESS)
    parser.add_argument("--rounds", type=int, default=None, help=SUPPRESS)
    parser.add_argument("--idle", type=int, default=10_000, help=SUPPRESS)
    for flag in ("quick", "socket", "no-compile", "plot"):
        parser.add_argument(f"--{flag}", action="store_true", help=SUPPRESS)
    arguments = parser.parse_args()
    arguments.seconds = arguments.seconds or (3.0 if arguments.quick else 10.0)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


def _sides(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    for name in names:
        if name not in sides.NAMES:
            raise ArgumentTypeError(f"no {name}; of {' '.join(sides.NAMES)}, or none")
    return names


def _run(arguments: Namespace) -> str:
    if arguments.idle:
        idle.raise_descriptor_limit(arguments.idle)
    ours = sides.ours()
    known = sides.peers()
    peers = [known[name] for name in arguments.sides]
    order = bench.turns(ours, peers, arguments.rounds)
    load_before = Path("/proc/loadavg").read_text().split()[0]
    with backing(builds.OURS) as back:
        database_url = back.postgres.socket_url if arguments.socket else back.postgres.url
        versions = back.versions()
        measured = bench.run(order, back, arguments.seconds, OUT / "log", database_url, arguments.idle)
    found = report.rows(measured)
    titles = {side.name: side.title for side in (ours, *peers)}
    cores = len(os.sched_getaffinity(0))
    machine = {"cores": cores, "kernel": platform.release(), "load_before": load_before,
               "sched_autogroup": _text("/proc/sys/kernel/sched_autogroup_enabled")}
    everything = report.results(
        measured, seconds=arguments.seconds, rounds=arguments.rounds, connections=wrk.CONNECTIONS, versions=versions,
        database="unix socket" if arguments.socket else "loopback", machine=machine, commit=_commit())
    _write(OUT / "bench/app.json", json.dumps(everything, indent=1))
    caption = (f"{cores} cores for everything, {wrk.CONNECTIONS} connections, PostgreSQL {versions['postgresql']} "
               f"(fsync), Redis {versions['redis']}")
    print(f"\n{caption}; {arguments.rounds} rounds of {arguments.seconds:g} s; load before: {load_before}\n")
    print(report.table(found, titles))
    print("\n" + report.starts_and_idle(measured, titles))
    print(report.against_the_best(found) + "\n", flush=True)
    if arguments.plot:
        _write(_PLOT, chart.render(found, titles, "The Todo API, requests per second", caption))
    return report.last_line(found, measured.starts_ms["ours"])


def _text(path: str) -> str:
    """Empty where a kernel has no such file."""
    return Path(path).read_text().strip() if Path(path).exists() else ""


def _commit() -> str:
    done = subprocess.run(["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    say(f"written: {path}")


if __name__ == "__main__":
    sys.exit(main())
