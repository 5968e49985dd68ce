"""One side on one route: load, and what it cost."""

import time
from dataclasses import dataclass

from app.bench import processes, wrk
from app.bench.routes import Route
from app.bench.servers import Backing
from app.bench.service import Service
from harness.failure import Failure

_PROBED_USER = 7
_READY_SECONDS = 10.0     # a thread that listens may still be on its way to PostgreSQL
_RIGHT_IN_A_ROW = 20      # over new connections, which the kernel spreads over the threads


@dataclass(frozen=True)
class Cell:
    rate: float          # good answers a second
    p50_ms: float
    p99_ms: float
    errors: int          # failed requests, and acknowledged writes that are not there
    app_us: float        # CPU a request: of the service,
    postgres_us: float
    redis_us: float
    rss_mb: float        # of the service, afterwards
    wrk_cores: float     # CPU of the load generator: near 1.0 it was the limit, not the service


def measure(service: Service, route: Route, backing: Backing, seconds: float) -> Cell:
    if route.name == "post":
        backing.fill_tasks()
    _prepare(service, route)
    rows_before = backing.tasks() if route.name == "post" else 0
    warm_up = wrk.drive(service.port, route, seconds / 5, service.side.connections)
    roots = {"app": service.pid, "postgres": backing.postgres.process.pid, "redis": backing.redis.process.pid}
    before = {name: processes.cpu_seconds(pid) for name, pid in roots.items()}
    load = wrk.drive(service.port, route, seconds, service.side.connections)
    used = {name: (processes.cpu_seconds(pid) - before[name]) * 1e6 / load.requests for name, pid in roots.items()}
    rss_mb = processes.resident_mb(service.pid)
    errors = load.errors
    if route.name == "post":
        errors += max(0, warm_up.requests + load.requests - (backing.tasks() - rows_before))
        backing.fill_tasks()
    problem = _problem(service, route)
    if problem:
        raise Failure(problem)
    return Cell(load.rate, load.p50_ms, load.p99_ms, errors, used["app"], used["postgres"], used["redis"], rss_mb,
                load.cpu_seconds / load.seconds)


def _prepare(service: Service, route: Route) -> None:
    """Fills the cache; then the answers must be right before anybody counts them, whichever thread gives them."""
    deadline = time.monotonic() + _READY_SECONDS
    if route.with_redis:
        service.visit([path_of(route, user) for user in range(1, route.ids + 1)])
    right = 0
    while right < _RIGHT_IN_A_ROW:
        problem = _problem(service, route)
        right = 0 if problem else right + 1
        if problem and time.monotonic() > deadline:
            raise Failure(problem)


def _problem(service: Service, route: Route) -> str | None:
    status, answer = service.call(route.method, path_of(route, _PROBED_USER))
    problem = route.problem(_PROBED_USER, status, answer)
    return f"{service.side.title}: {route.method} {path_of(route, _PROBED_USER)}: {problem}" if problem else None


def path_of(route: Route, user: int) -> str:
    return route.path.replace("{id}", str(user))
