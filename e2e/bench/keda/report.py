"""From figures to ratios and text. Pure."""

from bench.controller.report import Figures, Row

_CPU = {"unit": "ms/s", "scale": 1000.0}
ROWS = (
    Row("CPU, all processes", "cpu_per_second", **_CPU, goal=0.3),
    Row("resident memory, all processes", "rss_bytes", "MB", 1e-6, goal=0.2),
    Row("queries at Prometheus", "queries_per_second", "/s", digits=2, goal=0.5),
    Row("decision after the metric shows it, median", "latency_p50_s", "s"),
    Row("  longest", "latency_max_s", "s"),
    Row("CPU of Prometheus", "prometheus_cpu_per_second", **_CPU),
    Row("CPU of the API server", "api_server_cpu_per_second", **_CPU),
    Row("CPU of the controller manager", "controllers_cpu_per_second", **_CPU),
    Row("from start until all have their count", "sync_seconds", "s"),
)
SHARED_ROWS = tuple(Row(row.name, f"shared_{row.key}", row.unit, row.scale, row.digits)
                    for row in ROWS if not row.key.startswith(("latency", "sync")))
_NAME, _CELL = 44, 15


def ratio(ours: Figures, theirs: Figures, key: str) -> float:
    return ours[key] / max(theirs[key], 1e-9)


def table(rows: tuple[Row, ...], sides: dict[str, Figures], theirs: str) -> str:
    """A column a side, and what each other one is of `theirs`."""
    others = [name for name in sides if name != theirs]
    lines = [" " * _NAME + "".join(f"{name:>{_CELL}}" for name in sides)
             + "".join(f"{name + ' /':>{_CELL}}" for name in others) + "   goal",
             " " * (_NAME + _CELL * len(sides)) + "".join(f"{theirs:>{_CELL}}" for _ in others)]
    for row in rows:
        cells = "".join(f"{row.text(figures[row.key]):>{_CELL}}" for figures in sides.values())
        ratios = [ratio(sides[name], sides[theirs], row.key) for name in others]
        cells += "".join(f"{value:>{_CELL - 1}.2f}x" for value in ratios)
        lines.append(f"{row.name:<{_NAME}}{cells}   {_verdict(row, ratios)}".rstrip())
    return "\n".join(lines)


def last_line(ours: Figures, theirs: Figures, direct: Figures | None = None) -> str:
    """What scripts read: ours / theirs, both with the HPA controller; then ours with one query for all; then Direct."""
    def x(side: Figures, key: str) -> str:
        return f"{ratio(side, theirs, key):.2f}"

    line = (f"bench: cpu_x={x(ours, 'cpu_per_second')} memory_x={x(ours, 'rss_bytes')} "
            f"queries_x={x(ours, 'queries_per_second')} latency_x={x(ours, 'latency_p50_s')} "
            f"shared_cpu_x={x(ours, 'shared_cpu_per_second')} shared_queries_s={ours['shared_queries_per_second']:.2f}")
    if direct is not None:
        line += (f" direct_cpu_x={x(direct, 'cpu_per_second')} direct_queries_x={x(direct, 'queries_per_second')} "
                 f"direct_latency_x={x(direct, 'latency_p50_s')}")
    return line


def _verdict(row: Row, ratios: list[float]) -> str:
    """Of the first ratio, which is like against like."""
    if row.goal is None or not ratios:
        return ""
    return f"<= {row.goal:g}x  {'met' if ratios[0] <= row.goal else 'MISSED'}"
