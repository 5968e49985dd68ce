"""Twice the load that ours can serve: what is refused, and what is still answered.

The route is one that costs the server much more than a client, a list of 1,000 tasks, so that the generator on the same
two cores can offer twice the peak."""

import re
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.bench import wrk
from app.bench.service import Service
from harness.failure import Failure

_SCRIPT = Path(__file__).resolve().parent / "overload.lua"
_PEAK_CONNECTIONS = 64
_CONNECTIONS = 1500
_MOST_CONNECTIONS = 12_000
_TIMES = 2.0
_TRIAL_SECONDS = 2.0
_TRIALS = 5
_OFF_BY = 0.05
_SPARE_DESCRIPTORS = 200
PATH = "/tasks/{user}?limit=1000"


@dataclass(frozen=True)
class Answers:
    good_rate: float      # 200 a second
    refused_rate: float   # 503 a second
    p99_ms: float         # of all answers
    errors: int           # other statuses, 503 without Retry-After, and broken connections


@dataclass(frozen=True)
class Overload:
    peak: Answers
    overloaded: Answers

    @property
    def offered_x(self) -> float:
        return (self.overloaded.good_rate + self.overloaded.refused_rate) / self.peak.good_rate

    @property
    def goodput_x(self) -> float:
        return self.overloaded.good_rate / self.peak.good_rate


def measure(service: Service, user: int, seconds: float) -> Overload:
    """`user`: one with 1,000 tasks."""
    path = PATH.replace("{user}", str(user))
    _drive(service.port, path, _PEAK_CONNECTIONS, 0, 1.0)
    peak = _drive(service.port, path, _PEAK_CONNECTIONS, 0, seconds)
    connections, interval_ms = _CONNECTIONS, pause_ms(_CONNECTIONS, peak.good_rate * _TIMES, 0.0)
    for _ in range(_TRIALS):
        trial = _drive(service.port, path, connections, interval_ms, _TRIAL_SECONDS)
        asked = trial.good_rate + trial.refused_rate
        if abs(asked / (peak.good_rate * _TIMES) - 1) <= _OFF_BY:
            break
        latency_ms = connections / asked * 1e3 - interval_ms
        interval_ms = pause_ms(connections, peak.good_rate * _TIMES, latency_ms)
        if interval_ms == 0.0 and connections * 2 <= _most_connections():
            connections *= 2
            interval_ms = pause_ms(connections, peak.good_rate * _TIMES, latency_ms)
    return Overload(peak, _drive(service.port, path, connections, interval_ms, seconds))


def _most_connections() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(_MOST_CONNECTIONS, soft - _SPARE_DESCRIPTORS)


def pause_ms(connections: int, rate: float, latency_ms: float) -> float:
    """How long a connection has to wait between an answer and its next request, for so many requests a second of all:
    wrk waits for the answer first, so a server that answers late would be asked less."""
    return max(0.0, connections / rate * 1e3 - latency_ms)


def _drive(port: int, path: str, connections: int, interval_ms: float, seconds: float) -> Answers:
    argv = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", wrk.duration(seconds),
            "--latency", "--timeout", "10s", "--script", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", path, f"{interval_ms:.3f}"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 30)
    except subprocess.TimeoutExpired:
        raise Failure(f"wrk on {path}: no end in {seconds + 30:g} s") from None
    return parse(done.stdout + done.stderr)


def parse(text: str) -> Answers:
    line = next((line for line in text.splitlines() if line.startswith("figures: ")), None)
    if line is None:
        raise Failure(f"wrk printed no figures:\n{text}")
    figures = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}
    seconds = figures["duration_us"] / 1e6
    errors = figures["other"] + figures["broken"] + figures["refused"] - figures["retry_after"]
    return Answers(figures["good"] / seconds, figures["refused"] / seconds, figures["p99_us"] / 1e3, errors)
