"""Counts in an API server's audit log: who wrote what, and who was refused.

    requests = audit.read(path, user=OPERATOR)
    writes = audit.writes(requests)            # everything that changes an object, Leases apart
    reads = audit.needless(requests, 60)       # what a settled operator has no reason to ask within 60 s
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

OPERATOR = "system:serviceaccount:scalablebackend-system:scalablebackend-operator"
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}
# Asking "may this user?" is a POST that stores nothing.
_QUESTIONS = {"tokenreviews", "subjectaccessreviews"}
# Of operator/kube: how long a watch lives at least, how often a replica looks at the Lease or renews it.
_WATCH_SECONDS = 180
_LEASE_SECONDS = 2


@dataclass(frozen=True)
class Request:
    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    forbidden: bool = False
    pod: str = ""        # of the replica, from its token
    selector: str = ""   # of a list or watch

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
        pods = (event["user"].get("extra") or {}).get("authentication.kubernetes.io/pod-name") or [""]
        yield Request(user, event["verb"], resource, about.get("namespace", ""), about.get("name", ""),
                      (event.get("responseStatus") or {}).get("code", 0),
                      (event.get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid",
                      pods[0], _selector(event.get("requestURI", "")))


def _selector(uri: str) -> str:
    query = parse_qs(urlsplit(uri).query)
    return " ".join(value for name in ("labelSelector", "fieldSelector") for value in query.get(name, []))


def read(path: Path, user: str, offset: int = 0) -> list[Request]:
    """Requests of `user` written to the log from byte `offset` on (take `path.stat().st_size` as the start of a window)."""
    with path.open(encoding="utf-8", errors="replace") as log:
        log.seek(offset)
        return list(parse(log, user))


def writes(requests: Iterable[Request]) -> list[Request]:
    """Everything that changes an object, except the leader's Lease."""
    return [request for request in requests
            if request.verb in _WRITES and request.resource != "leases" and request.resource not in _QUESTIONS]


def needless(requests: Iterable[Request], seconds: float) -> list[str]:
    """What the operator of a settled backend has no reason to ask within `seconds`. It has for: opening each of its watches
    again after three minutes or more; the Lease, which the leader writes and the others read, every two seconds; and
    what its own callers make it ask, whether they may."""
    allowed = {"watch": seconds // _WATCH_SECONDS + 1, "lease": seconds // _LEASE_SECONDS + 2}
    counts: Counter[tuple[str, str, str]] = Counter()
    found, leaders = [], set()
    for request in requests:
        if request.verb == "watch":
            counts["watch", request.pod, f"{request.resource} in {request.namespace or 'all'} [{request.selector}]"] += 1
        elif request.resource == "leases" and request.verb in ("get", "update"):
            counts["lease", request.pod, f"{request.verb} {request.name}"] += 1
            if request.verb == "update":
                leaders.add(request.pod)
        elif request.resource not in _QUESTIONS:
            found.append(f"{request.pod}: {request}")
    for (kind, pod, what), count in sorted(counts.items()):
        if count > allowed[kind]:
            found.append(f"{pod}: {kind} {what}: {count} times in {seconds:g} s, {allowed[kind]:g} are enough")
        if kind == "lease" and what.startswith("get") and pod in leaders:
            found.append(f"{pod}: {what}: {count} times, though it leads and knows the Lease")
    return found


def questions(requests: Iterable[Request]) -> int:
    """How often it asked whether a caller is who he says, or may what he wants."""
    return sum(request.resource in _QUESTIONS for request in requests)


def refused(requests: Iterable[Request]) -> list[Request]:
    """What authorization did not allow. Not every 403: admission answers so too, as in a namespace that is going away."""
    return [request for request in requests if request.forbidden]
