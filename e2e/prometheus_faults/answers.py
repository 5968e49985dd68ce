"""What a Prometheus that is wrong may answer: each fault as the bytes of one HTTP exchange.

The truth behind every answer is `value`. Where a fault can show it, it does (an old sample, one of two series, half an
answer): whoever believes such an answer scales in.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

SLOW_SECONDS = 10.0
_OLD_SECONDS = 3600.0


@dataclass(frozen=True)
class Reply:
    """`body` after `after_s`; `keep`: so many bytes of it at most; `then`: close, hang (silence), reset."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: tuple[str, ...] = ()
    after_s: float = 0.0
    keep: int | None = None
    then: str = "close"
    says: bool = True   # False: not even a status line


@dataclass(frozen=True)
class Fault:
    """`words`: what the condition has to say about it. `reply` None: nobody listens."""

    name: str
    words: tuple[str, ...]
    reply: Callable[[float, float], Reply] | None


def vector(now: float, *values: str, at: float | None = None) -> bytes:
    """A query's answer of so many series."""
    labels = [{"pod": f"todo-{i}"} for i in range(len(values))] if len(values) > 1 else [{}] * len(values)
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": label, "value": [now if at is None else at, value]}
        for label, value in zip(labels, values)]}}).encode()


def right(value: float, now: float) -> Reply:
    return Reply(body=vector(now, str(value)))


def recorded(value: float, start: float, end: float, step: float) -> Reply:
    """A range query's: the same at each step."""
    values = [[start + i * step, str(value)] for i in range(int((end - start) / step) + 1)]
    return Reply(body=json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [
        {"metric": {}, "values": values}]}}).encode())


def _error(status: int, kind: str, text: str, **more) -> Reply:
    return Reply(status, json.dumps({"status": "error", "errorType": kind, "error": text}).encode(), **more)


def _half(value: float, now: float, then: str) -> Reply:
    body = vector(now, str(value))
    return Reply(body=body, keep=len(body) // 2, then=then)


_IN_TIME = ("did not answer in time",)
_GONE = ("cannot be reached",)
_NONSENSE = ("not an answer of Prometheus",)

FAULTS: tuple[Fault, ...] = (
    Fault("refused", _GONE, None),
    Fault("reset", _GONE, lambda value, now: Reply(says=False, then="reset")),
    Fault("silent", _IN_TIME, lambda value, now: Reply(says=False, then="hang")),
    Fault("slow", _IN_TIME, lambda value, now: Reply(body=vector(now, str(value)), after_s=SLOW_SECONDS)),
    Fault("half-then-silence", _IN_TIME, lambda value, now: _half(value, now, "hang")),
    Fault("half-then-closed", _GONE, lambda value, now: _half(value, now, "close")),
    Fault("empty", ("matches nothing",), lambda value, now: Reply(body=vector(now))),
    Fault("nan", ("NaN",), lambda value, now: Reply(body=vector(now, "NaN"))),
    Fault("infinite", ("inf",), lambda value, now: Reply(body=vector(now, "+Inf"))),
    Fault("negative", ("-10", "negative"), lambda value, now: Reply(body=vector(now, str(-value)))),
    Fault("several", ("several series", "pod"), lambda value, now: Reply(body=vector(now, str(value), "0"))),
    Fault("old", ("5 minutes ago",),
          lambda value, now: Reply(body=vector(now, str(value), at=now - _OLD_SECONDS))),
    Fault("error-500", ("answered 500",), lambda value, now: Reply(500, b"out of memory", "text/plain")),
    Fault("error-503", ("gave up on the query",),
          lambda value, now: _error(503, "timeout", "query timed out in expression evaluation")),
    Fault("too-many", ("answered 429",), lambda value, now: Reply(429, b"slow down", headers=("Retry-After: 600",))),
    Fault("unauthorized", ("answered 401", "credentials"), lambda value, now: Reply(401, b"")),
    Fault("rejected", ("Prometheus rejected it", "parse error"),
          lambda value, now: _error(400, "bad_data", 'invalid parameter "query": 1:5: parse error: unclosed left')),
    # Whoever follows it finds a right answer, at a place that nobody configured.
    Fault("redirected", ("redirection",),
          lambda value, now: Reply(302, b"", headers=("Location: /elsewhere/api/v1/query",))),
    Fault("garbage", _NONSENSE, lambda value, now: Reply(body=bytes(range(256)) * 4)),
    Fault("login-page", _NONSENSE,
          lambda value, now: Reply(body=b"<html><body>10 people have signed in</body></html>", kind="text/html")),
    Fault("no-body", _NONSENSE, lambda value, now: Reply(body=b"")),
    Fault("huge", ("MiB",), lambda value, now: Reply(body=vector(now, str(value)) + b" " * (4 << 20))),
)
