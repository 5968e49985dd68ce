"""Ten made-up days through the decision code and through a model of the stock HPA: `scalablebackend simulate --days`."""

import re
import subprocess
from pathlib import Path

from bench.controller import builds
from harness.failure import Failure

BACKEND = Path(__file__).resolve().parent / "days.yaml"
_SECONDS = 120.0
_LAST = re.compile(r"^simulate: under_x=(\S+) replica_hours_x=(\S+)$", re.MULTILINE)


def simulate() -> str:
    done = subprocess.run([builds.OPERATOR, "simulate", "-f", BACKEND, "--days"], capture_output=True, text=True,
                          timeout=_SECONDS)
    if done.returncode != 0:
        raise Failure(f"simulate: {done.stderr.strip()}")
    return done.stdout


def ratios(output: str) -> tuple[float, float]:
    """Minutes under-provisioned and replica-hours, of the stock HPA's."""
    found = _LAST.search(output)
    if not found:
        raise Failure(f"simulate says no ratios: {output[-200:]}")
    return float(found.group(1)), float(found.group(2))
