"""Counts in an API server's audit log: who wrote what, and who was refused.

    requests = audit.read(path, user=OPERATOR)
    writes = audit.writes(requests)            # everything that changes an object, Leases apart
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OPERATOR = "system:serviceaccount:scalablebackend-system:scalablebackend-operator"
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}
# Asking "may this user?" is a POST that stores nothing.
_QUESTIONS = {"tokenreviews", "subjectaccessreviews"}


@dataclass(frozen=True)
class Request:
    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    forbidden: bool = False

    def __str__(self) -> str:
        return f"{self.verb} {self.resource} {self.namespace}/{self.name} -> {self.code}"


def parse(lines: Iterable[str], user: str) -> Iterator[Request]:
    """Completed requests of `user`. A line cut off by a crash or by the end of the file is left out."""
    for line in lines:
        if user not in line:  # decoding every line of a busy log would take minutes
            continue
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if event.get("stage") != "ResponseComplete" or event.get("user", {}).get("username") != user:
            continue
        about = event.get("objectRef") or {}
        resource = about.get("resource", "") + ("/" + about["subresource"] if about.get("subresource") else "")
        yield Request(user, event["verb"], resource, about.get("namespace", ""), about.get("name", ""),
                      (event.get("responseStatus") or {}).get("code", 0),
                      (event.get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid")


def read(path: Path, user: str, offset: int = 0) -> list[Request]:
    """Requests of `user` written to the log from byte `offset` on (take `path.stat().st_size` as the start of a window)."""
    with path.open(encoding="utf-8", errors="replace") as log:
        log.seek(offset)
        return list(parse(log, user))


def writes(requests: Iterable[Request]) -> list[Request]:
    """Everything that changes an object, except the leader's Lease."""
    return [request for request in requests
            if request.verb in _WRITES and request.resource != "leases" and request.resource not in _QUESTIONS]


def refused(requests: Iterable[Request]) -> list[Request]:
    """What authorization did not allow. Not every 403: admission answers so too, as in a namespace that is going away."""
    return [request for request in requests if request.forbidden]
