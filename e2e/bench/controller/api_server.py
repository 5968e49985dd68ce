"""The cluster's API server as the bench uses it: many kept-alive connections straight into its network namespace, and
its death.

    with Connection() as connection:
        connection.call("POST", "/api/v1/namespaces", {...})
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.controller import memory
from cluster import api, certificates, cgroups, control_plane, network, state
from cluster.certificates import CA, IN_CLUSTER_SERVER, certificate, key
from cluster.control_plane import Settings
from harness.api import Refused
from harness.failure import Failure

_PORT = 6443
_CALL_SECONDS = 30.0
_READY_SECONDS = 60.0


class Connection:
    """One connection, for one thread."""

    def __init__(self) -> None:
        context = ssl.create_default_context(cafile=str(certificate(CA)))
        context.load_cert_chain(certificate("admin"), key("admin"))
        plain = network.inside(network.CONTROL, lambda: socket.create_connection(("127.0.0.1", _PORT), _CALL_SECONDS))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = http.client.HTTPSConnection("127.0.0.1", _PORT, timeout=_CALL_SECONDS)
        self._connection.sock = self._tls = context.wrap_socket(plain, server_hostname="127.0.0.1")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> bytes:
        """The answer's body; Refused if it is no success."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        try:
            self._connection.request(method, path, content, {"Content-Type": kind} if content else {})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{method} {path}: {error or type(error).__name__}") from error
        if answer.status >= 300:
            raise Refused(f"{method} {path}", answer.status, text.decode(errors="replace")[:300])
        return text

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of an answer that goes on, such as a watch; nothing else can be called meanwhile."""
        self._connection.request("GET", path)
        self._connection.sock.settimeout(None)
        answer = self._connection.getresponse()
        if answer.status >= 300:
            raise Refused(f"GET {path}", answer.status, answer.read().decode(errors="replace")[:300])
        return iter(answer)

    def cut(self) -> None:
        """Ends a stream under the hands of whoever reads it."""
        self._tls.shutdown(socket.SHUT_RDWR)

    def create(self, path: str, thing: Any) -> None:
        """An object that is there already is fine."""
        try:
            self.call("POST", path, thing)
        except Refused as refused:
            if refused.code != 409:
                raise

    def merge(self, path: str, change: Any) -> None:
        self.call("PATCH", path, change, "application/merge-patch+json")


def write_kubeconfig(path: Path) -> None:
    """For processes that run inside the API server's network namespace: no forwarder between them and it."""
    certificates.write_kubeconfig(path, "admin", IN_CLUSTER_SERVER)


def enter() -> list[str]:
    """The command prefix that runs a program there."""
    return network.enter(network.CONTROL)


def cpu_seconds() -> float:
    """That the API server has used since its start."""
    return sum(memory.cpu_seconds(pid) for pid in cgroups.processes(f"{control_plane.GROUP}/kube-apiserver"))


def silence_others() -> None:
    """Ends controllers and scheduler: nothing here needs them, and they would work on every pod that changes."""
    for component in ("kube-controller-manager", "kube-scheduler"):
        control_plane.stop(component)


def kill() -> None:
    """SIGKILL, by its process id."""
    control_plane.stop("kube-apiserver")


def start() -> None:
    """Starts it again and waits until it is ready."""
    control_plane.start("kube-apiserver", Settings(**state.require_facts()["settings"]))
    deadline = time.monotonic() + _READY_SECONDS
    while not api.is_ready():
        if time.monotonic() > deadline:
            raise Failure(f"the API server was not ready within {_READY_SECONDS:g} s after its restart")
        time.sleep(0.1)
