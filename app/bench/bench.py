"""All sides on all their routes, in turns: ours, a peer, ours, the next peer, and again."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.bench import cell, overload
from app.bench.cell import Cell
from app.bench.idle import Idle, hold
from app.bench.overload import Overload
from app.bench.routes import ROUTES, Route
from app.bench.servers import Backing
from app.bench.service import Service
from app.bench.sides import NEAR_CACHE, Side
from harness.steps import say


@dataclass
class Measured:
    cells: dict[tuple[str, str], list[Cell]] = field(default_factory=lambda: defaultdict(list))   # by side, route
    starts_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    idle: Idle | None = None
    overload: Overload | None = None


@dataclass(frozen=True)
class Turn:
    side: Side
    routes: tuple[Route, ...]


def turns(ours: Side, peers: list[Side], rounds: int) -> list[Turn]:
    """Ours before each peer, on the routes of that peer (and those of ours alone once with all others)."""
    every: list[Turn] = []
    for peer in peers:
        shared = tuple(route for route in ROUTES if route.name in peer.routes)
        own = tuple(route for route in ROUTES if route.name in ours.routes and (route in shared or route.near))
        every += [Turn(ours, own if len(shared) > 1 else shared), Turn(peer, shared)]
    if not peers:
        every = [Turn(ours, tuple(route for route in ROUTES if route.name in ours.routes))]
    return every * rounds


def run(order: list[Turn], backing: Backing, seconds: float, logs: Path, database_url: str,
        idle_connections: int) -> Measured:
    measured = Measured()
    for number, turn in enumerate(order):
        for environment, routes in _starts(turn.routes, backing, database_url):
            with Service(turn.side, environment, logs / f"bench-{turn.side.name}.log") as service:
                measured.starts_ms[turn.side.name].append(service.start_ms)
                for route in routes:
                    found = cell.measure(service, route, backing, seconds)
                    measured.cells[turn.side.name, route.name].append(found)
                    say(f"[{number + 1} of {len(order)}] {turn.side.title:<24} {route.name:<7} {found.rate:8,.0f}/s  "
                        f"p99 {found.p99_ms:6.1f} ms  app {found.app_us:6.1f} us  errors {found.errors}")
    if idle_connections:
        ours = order[0].side
        with Service(ours, {"DATABASE_URL": database_url}, logs / f"bench-{ours.name}.log") as service:
            measured.idle = hold(service.port, service.pid, idle_connections)
    with Service(order[0].side, {"DATABASE_URL": database_url}, logs / f"bench-{order[0].side.name}.log") as service:
        measured.overload = overload.measure(service, backing.fill_heavy_user(), seconds)
    return measured


def _starts(routes: tuple[Route, ...], backing: Backing,
            database_url: str) -> Iterator[tuple[dict[str, str], list[Route]]]:
    """Which environments the side is started with for these routes. Each begins with an empty Redis."""
    plain = {"DATABASE_URL": database_url}
    with_redis = {**plain, "REDIS_URL": backing.redis.url(0)}
    for environment, wanted in ((with_redis, lambda route: route.with_redis and not route.near),
                                ({**with_redis, NEAR_CACHE: "1"}, lambda route: route.near),
                                (plain, lambda route: not route.with_redis)):
        chosen = [route for route in routes if wanted(route)]
        if chosen:
            backing.redis.run("FLUSHALL")
            yield environment, chosen
