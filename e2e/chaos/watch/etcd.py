"""etcd's own log of what happened, by its JSON gateway inside the control plane's network: complete, in order, and
untouched by what is done to the API server."""

import base64
import http.client
import json
import socket
import threading
from typing import Any

from chaos.watch.history import Revision
from chaos.watch.objects import Kind
from cluster import control_plane, network
from harness.failure import Failure

_PORT = int(control_plane.ETCD.rsplit(":", 1)[1])
_CALL_SECONDS = 10.0


def revision() -> int:
    """The number of the last change of anything."""
    return int(_call("/v3/kv/range", {"key": _text("/")})["header"]["revision"])


class Compacted(Failure):
    """etcd has forgotten that revision already."""


def compact(at: int) -> None:
    """Forgets what was before this revision: whoever wants to go on from there is told that it is too late.

    Somebody else (the API server does it every five minutes, the soak after each restart) may have been faster.
    """
    try:
        _call("/v3/kv/compaction", {"revision": str(at), "physical": True})
    except Compacted:
        pass


class Follower:
    """Collects the history of one kind: what is there now, as if it had just been made, and every change from then on.

        follower = Follower(CONFIG_MAPS)
        follower.take()      # what happened since the last call
    """

    def __init__(self, kind: Kind) -> None:
        self._prefix = kind.etcd_prefix
        self._revisions_lock = threading.Lock()   # guards _revisions and _problem
        stored = self._range()
        self._revisions = sorted((Revision(int(kv["mod_revision"]), self._name(kv), False)
                                  for kv in stored.get("kvs", [])), key=lambda revision: revision.rv)
        after = int(stored["header"]["revision"])
        self._problem = ""
        self._connection = _connect(None)
        self._connection.request("POST", "/v3/watch", json.dumps({"create_request": {
            "key": _text(self._prefix), "range_end": _text(_after(self._prefix)), "start_revision": str(after + 1)}}))
        self._thread = threading.Thread(target=self._read, name=f"etcd-{kind.plural}", daemon=True)
        self._thread.start()

    def take(self) -> list[Revision]:
        with self._revisions_lock:
            if self._problem:
                raise Failure(f"etcd's log of {self._prefix} ended: {self._problem}")
            taken, self._revisions = self._revisions, []
            return taken

    def stored(self) -> dict[str, int]:
        """What etcd has now, and the version of each."""
        return {self._name(kv): int(kv["mod_revision"]) for kv in self._range().get("kvs", [])}

    def _range(self) -> dict[str, Any]:
        return _call("/v3/kv/range", {"key": _text(self._prefix), "range_end": _text(_after(self._prefix)),
                                      "keys_only": True})

    def _name(self, kv: dict[str, str]) -> str:
        return base64.b64decode(kv["key"]).decode().removeprefix(self._prefix)

    def _read(self) -> None:
        problem = "end of stream"
        try:
            for line in self._connection.getresponse():
                said = json.loads(line)
                if "error" in said or said["result"].get("canceled"):
                    problem = line.decode()
                    break
                found = [Revision(int(event["kv"]["mod_revision"]), self._name(event["kv"]),
                                  event.get("type") == "DELETE") for event in said["result"].get("events", [])]
                with self._revisions_lock:
                    self._revisions += found
        except (OSError, ValueError, http.client.HTTPException) as failure:
            problem = repr(failure)
        with self._revisions_lock:
            self._problem = problem


def _call(path: str, body: dict[str, Any]) -> dict[str, Any]:
    connection = _connect(_CALL_SECONDS)
    try:
        connection.request("POST", path, json.dumps(body))
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as failure:
        raise Failure(f"etcd: {path}: {failure}") from failure
    finally:
        connection.close()
    if response.status != 200:
        raise refusal(path, response.status, text.decode(errors="replace"))
    return json.loads(text)


def refusal(path: str, status: int, text: str) -> Failure:
    kind = Compacted if "required revision has been compacted" in text else Failure
    return kind(f"etcd: {path}: {status} {text[:200]}")


def _connect(seconds: float | None) -> http.client.HTTPConnection:
    """A socket keeps the network namespace in which it was opened."""
    connection = http.client.HTTPConnection("127.0.0.1", _PORT)
    connection.sock = network.inside(network.CONTROL, lambda: socket.create_connection(("127.0.0.1", _PORT), 10))
    connection.sock.settimeout(seconds)
    return connection


def _text(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _after(prefix: str) -> str:
    """The first key behind all that start so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
