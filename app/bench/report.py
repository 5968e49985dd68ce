"""From cells to figures, ratios and text. Pure."""

import dataclasses
import statistics
from typing import Any

from app.bench.bench import Measured
from app.bench.cell import Cell
from app.bench.routes import READS, ROUTES

_NOT_MEASURED = "-"


@dataclasses.dataclass(frozen=True)
class Row:
    """One side on one route over all its turns: medians, but for `best_rate`, `errors` and `rss_mb` (the most)."""

    rate: float
    best_rate: float
    p50_ms: float
    p99_ms: float
    app_us: float
    postgres_us: float
    redis_us: float
    rss_mb: float
    wrk_cores: float
    errors: int


Rows = dict[tuple[str, str], Row]   # by side, route


def combine(cells: list[Cell]) -> Row:
    def median(name: str) -> float:
        return statistics.median(getattr(cell, name) for cell in cells)

    return Row(median("rate"), max(cell.rate for cell in cells), median("p50_ms"), median("p99_ms"), median("app_us"),
               median("postgres_us"), median("redis_us"), max(cell.rss_mb for cell in cells), median("wrk_cores"),
               sum(cell.errors for cell in cells))


def rows(measured: Measured) -> Rows:
    return {key: combine(cells) for key, cells in measured.cells.items()}


def smallest_ratio(found: Rows, peers: tuple[str, ...], routes: tuple[str, ...]) -> float | None:
    """Our rate over theirs where it is least; None if nothing of it was measured on both sides."""
    ratios = [found["ours", route].rate / found[peer, route].rate for peer in peers for route in routes
              if ("ours", route) in found and (peer, route) in found]
    return min(ratios, default=None)


def table(found: Rows, titles: dict[str, str]) -> str:
    header = (f"{'':<26}{'req/s':>9}{'best':>9}{'p50 ms':>9}{'p99 ms':>9}"
              f"{'app us':>9}{'PG us':>8}{'Redis us':>10}{'wrk':>6}{'RSS MB':>8}{'errors':>8}")
    lines = []
    for route in ROUTES:
        sides = [side for side in titles if (side, route.name) in found]
        if not sides:
            continue
        lines += ["", route.title, header]
        for side in sides:
            row = found[side, route.name]
            lines.append(f"  {titles[side]:<24}{row.rate:>9,.0f}{row.best_rate:>9,.0f}{row.p50_ms:>9.2f}"
                         f"{row.p99_ms:>9.2f}{row.app_us:>9.1f}{row.postgres_us:>8.1f}{row.redis_us:>10.1f}"
                         f"{row.wrk_cores:>6.2f}{row.rss_mb:>8.1f}{row.errors:>8}")
    return "\n".join(lines[1:])


def starts_and_idle(measured: Measured, titles: dict[str, str]) -> str:
    lines = ["start to the first 200, median: " + ", ".join(
        f"{titles[side]} {statistics.median(starts):.0f} ms" for side, starts in measured.starts_ms.items())]
    if measured.idle:
        idle = measured.idle
        lines.append(f"{idle.connections:,} idle connections: {idle.after_mb - idle.before_mb:.1f} MB "
                     f"({(idle.after_mb - idle.before_mb) * 1e3 / idle.connections:.1f} kB each), "
                     f"{idle.after_mb:.1f} MB resident")
    if measured.overload:
        found = measured.overload
        peak, over = found.peak, found.overloaded
        lines.append(f"overload, lists of 1,000 tasks: peak {peak.good_rate:,.0f}/s; {found.offered_x:.1f} times that offered: "
                     f"{over.good_rate:,.0f}/s answered ({found.goodput_x:.2f}x of the peak), {over.refused_rate:,.0f}/s "
                     f"refused with 503, p99 {over.p99_ms:.0f} ms, errors {over.errors}")
    return "\n".join(lines)


def against_the_best(found: Rows) -> str:
    """The last line has the multi-thread axum, which is how axum is started; this has the strongest."""
    reads = smallest_ratio(found, ("axum", "axum-per-core"), READS)
    post = smallest_ratio(found, ("axum", "axum-per-core"), ("post",))
    coalesced = smallest_ratio(found, ("axum-coalesced",), ("post",))
    return (f"against axum's better variant: reads {_number(reads, 2)}x, POST {_number(post, 2)}x; "
            f"against its inserts coalesced like ours: POST {_number(coalesced, 2)}x")


def last_line(found: Rows, starts_ms: list[float]) -> str:
    """What scripts read. `x_axum*`: the multi-thread one."""
    own = [row for (side, _), row in found.items() if side == "ours"]

    def rate(route: str) -> str:
        row = found.get(("ours", route))
        return _number(row and row.rate, 0)

    figures = {
        "cached": rate("cached"), "near": rate("near"), "db": rate("db"), "post": rate("post"), "list": rate("list"),
        "p99_ms": _number(max((row.p99_ms for row in own), default=None), 1),
        "rss_mb": _number(max((row.rss_mb for row in own), default=None), 1),
        "start_ms": _number(statistics.median(starts_ms) if starts_ms else None, 0),
        "x_fastapi_cached": _number(smallest_ratio(found, ("fastapi",), ("cached",)), 1),
        "x_fastapi_rest": _number(smallest_ratio(found, ("fastapi",), ("db", "post", "list")), 1),
        "x_axum": _number(smallest_ratio(found, ("axum",), READS), 2),
        "x_axum_post": _number(smallest_ratio(found, ("axum",), ("post",)), 2),
        "errors": str(sum(row.errors for row in own)),
    }
    return "bench: " + " ".join(f"{name}={value}" for name, value in figures.items())


def results(measured: Measured, **facts: Any) -> dict[str, Any]:
    """What is kept of a run: every cell as measured, and what was made of them."""
    by_side: dict[str, Any] = {}
    for (side, route), cells in measured.cells.items():
        by_side.setdefault(side, {})[route] = {"summary": dataclasses.asdict(combine(cells)),
                                               "cells": [dataclasses.asdict(cell) for cell in cells]}
    return {"schema": 1, **facts, "sides": by_side, "starts_ms": dict(measured.starts_ms),
            "idle": dataclasses.asdict(measured.idle) if measured.idle else None,
            "overload": dataclasses.asdict(measured.overload) if measured.overload else None}


def _number(value: float | None, digits: int) -> str:
    return _NOT_MEASURED if value is None else f"{value:.{digits}f}"
