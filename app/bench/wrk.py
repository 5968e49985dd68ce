"""wrk as a load generator: connections that are never idle, one thread, since one core is all it may take of two."""

import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.bench.processes import cpu_seconds_of_children
from app.bench.routes import Route
from harness.failure import Failure

CONNECTIONS = 64
_SCRIPT = Path(__file__).resolve().parent / "load.lua"
_GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class Load:
    """What the clients saw. Latencies include the time that a request waited for its turn (wrk corrects for it)."""

    requests: int          # that got a good answer
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int            # answers of 400 and above, and broken, refused or timed out connections
    cpu_seconds: float = 0.0   # of wrk itself

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def duration(seconds: float) -> str:
    """As wrk takes it: whole seconds, at least one."""
    return f"{max(1, math.ceil(seconds))}s"


def drive(port: int, route: Route, seconds: float, connections: int = CONNECTIONS) -> Load:
    argv = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", duration(seconds), "--latency",
            "--script", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", route.method, route.path, str(route.ids)]
    before = cpu_seconds_of_children()
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + _GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failure(f"wrk on {route.path}: no end in {seconds + _GRACE_SECONDS:g} s") from None
    if done.returncode != 0:
        raise Failure(f"wrk on {route.path}: {done.stderr.strip() or done.stdout.strip()}")
    return parse(done.stdout, cpu_seconds_of_children() - before)


def parse(text: str, cpu_seconds: float = 0.0) -> Load:
    """The line that load.lua adds to what wrk prints."""
    line = next((line for line in text.splitlines() if line.startswith("figures: ")), None)
    if line is None:
        raise Failure(f"wrk printed no figures:\n{text}")
    figures = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}
    good = figures["requests"] - figures["status"]
    if good <= 0:
        raise Failure(f"no request was answered well:\n{text}")
    return Load(good, figures["duration_us"] / 1e6, figures["p50_us"] / 1e3, figures["p99_us"] / 1e3,
                sum(figures[kind] for kind in ("status", "connect", "read", "write", "timeout")), cpu_seconds)
