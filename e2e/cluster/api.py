"""The few requests that the launcher makes to the API server itself, over the same path as any process of the host."""

import http.client
import json
import re
import ssl
import time
from typing import Any

from cluster import certificates, paths
from cluster.errors import ClusterError

# Anything that can go wrong while the server starts, stops or restarts.
UNREACHABLE = (OSError, http.client.HTTPException, ssl.SSLError)


def is_ready() -> bool:
    try:
        status, _ = _request("GET", "/readyz")
    except UNREACHABLE:
        return False
    return status == 200


def get(path: str) -> dict[str, Any]:
    """The object at `path`, or an empty one when there is none (yet) or nobody answers."""
    try:
        status, body = _request("GET", path)
    except UNREACHABLE:
        return {}
    return json.loads(body) if status == 200 else {}


def patch(path: str, change: dict[str, Any]) -> None:
    """Merges the change into the object, which must exist."""
    status, body = _request("PATCH", path, json.dumps(change), "application/merge-patch+json")
    if status != 200:
        raise ClusterError(f"the API server did not take a change of {path}: {body.decode()[:300]}")


def condition(path: str, wanted: str, since: str = "") -> bool:
    """Whether the object's condition of this type is True, by a heartbeat at or after `since` if that is given."""
    conditions = get(path).get("status", {}).get("conditions", [])
    return any(
        entry["type"] == wanted and entry["status"] == "True" and entry.get("lastHeartbeatTime", "") >= since
        for entry in conditions
    )


def timestamp() -> str:
    """Now, as heartbeats say it: such times compare as texts."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def port() -> int:
    found = re.search(r"server: https://127\.0\.0\.1:(\d+)", paths.KUBECONFIG.read_text())
    if not found:
        raise ClusterError(f"{paths.KUBECONFIG} names no server on 127.0.0.1; run `down`, then `up`")
    return int(found.group(1))


def _request(method: str, path: str, body: str | None = None, kind: str = "") -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(certificates.certificate(certificates.CA)))
    context.load_cert_chain(certificates.certificate("admin"), certificates.key("admin"))
    connection = http.client.HTTPSConnection("127.0.0.1", port(), timeout=10, context=context)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
