"""The stand-ins as a test holds them.

    with StandIns(on_node="node1") as prometheus:
        prometheus.url("nan")
        prometheus.turn(faulty=True, value=10)
"""

import json
import subprocess
import sys
import threading

from cluster import network
from harness.cluster import LAUNCHER, REPOSITORY
from harness.failure import Failure

_START_SECONDS = 60.0
_TURN_SECONDS = 30.0


class StandIns:
    def __init__(self, on_node: str = "node1") -> None:
        self._address = network.node_ip(int(on_node.removeprefix("node")))
        self._process = subprocess.Popen(
            [LAUNCHER, "exec", on_node, sys.executable, "-B", "-m", "prometheus_faults.server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY / "e2e")
        self._ports: dict[str, int] = self._line(_START_SECONDS)

    def __enter__(self) -> "StandIns":
        return self

    def __exit__(self, *unused: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)

    def server(self, fault: str) -> str:
        return f"http://{self._address}:{self._ports[fault]}"

    def turn(self, faulty: bool, value: float, past: float = 0.0) -> dict[str, int]:
        """From now on so (`past`: what was, at any time before); how often each was asked before."""
        self._process.stdin.write(json.dumps({"faulty": faulty, "value": value, "past": past}) + "\n")
        self._process.stdin.flush()
        return self._line(_TURN_SECONDS)["asked"]

    def _line(self, seconds: float) -> dict:
        late = threading.Timer(seconds, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        if not line:
            raise Failure("the stand-ins for Prometheus have ended, or say nothing")
        return json.loads(line)
