"""Who is compared: how each service is started, and on which routes."""

from dataclasses import dataclass, field
from pathlib import Path

from app.bench import builds, wrk
from app.bench.routes import ROUTES

_HERE = Path(__file__).resolve().parent
_WITHOUT_NEAR = tuple(route.name for route in ROUTES if not route.near)
# What the binary reads when it has a near cache; an older one has no such word in it.
NEAR_CACHE = "TODO_NEAR_CACHE"

# Each connection is a thread to it, and they fight over one lock: at 64 it does worse.
_FASTAPI_CONNECTIONS = 32


@dataclass(frozen=True)
class Side:
    name: str
    title: str
    argv: tuple[str, ...]              # {port} is filled in
    routes: tuple[str, ...] = _WITHOUT_NEAR
    folder: Path | None = None         # to start it in
    connections: int = wrk.CONNECTIONS
    environment: dict[str, str] = field(default_factory=dict)


def ours() -> Side:
    knows_near = NEAR_CACHE.encode() in builds.OURS.read_bytes()
    return Side("ours", "ours (C++)", (str(builds.OURS), "serve", "--address", "127.0.0.1"),
                tuple(route.name for route in ROUTES if knows_near or not route.near),
                environment={"SHUTDOWN_DELAY": "0"})


def peers() -> dict[str, Side]:
    axum = str(builds.AXUM)
    # Not installed into the environment, so that its scripts are not needed: `-m` finds the module beside Python.
    fastapi = (str(builds.fastapi_python()), "-m", "gunicorn", "main:app", "--workers", "2", "--worker-class",
               "uvicorn.workers.UvicornWorker", "--bind", "127.0.0.1:{port}", "--log-level", "warning")
    sides = (
        Side("axum", "axum, multi-thread", (axum,)),
        Side("axum-per-core", "axum, a runtime a core", (axum, "--per-core")),
        Side("axum-coalesced", "axum, inserts coalesced", (axum, "--coalesce"), ("post",)),
        Side("fastapi", "FastAPI, 2 workers", fastapi, folder=_HERE / "fastapi",
             connections=_FASTAPI_CONNECTIONS),
    )
    return {side.name: side for side in sides}


NAMES = ("axum", "axum-per-core", "axum-coalesced", "fastapi")
