"""The same plot as an SVG for a README: readable on a light and on a dark page. Pure: timeline in, text out."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from harness.plot import nice_ceiling
from harness.timeline import Timeline

_WIDTH, _LEFT, _RIGHT = 860, 64, 18
_TOP, _PANEL, _GAP = 58, 120, 46
# Mid-tones: enough contrast on white and on near-black alike.
INK, GRID = "#7a828c", "#7a828c"
BLUE, ORANGE, GREEN, RED = "#2f81f7", "#d9822b", "#2ea36b", "#d64550"


@dataclass(frozen=True)
class _Line:
    label: str
    colour: str
    points: list[tuple[float, float]]
    stepped: bool = False
    dashed: bool = False


def render(timeline: Timeline, title: str) -> str:
    """Three panels over one time axis: replicas, metric and target, request rate and p95."""
    samples = timeline.samples
    start = timeline.start()
    end = max((samples[-1].at - start) if samples else 1.0, 1.0)

    def series(pick) -> list[tuple[float, float]]:
        return [(s.at - start, pick(s)) for s in samples if pick(s) is not None]

    panels = [
        ("replicas", [_Line("desired", ORANGE, series(lambda s: s.desired), stepped=True, dashed=True),
                      _Line("ready", BLUE, series(lambda s: s.ready), stepped=True)]),
        ("metric, a pod", [_Line("target", RED, series(lambda s: s.target), dashed=True),
                           _Line("value read by the HPA", GREEN, series(lambda s: s.value), stepped=True)]),
        ("requests/s", [_Line("requests/s", BLUE, series(lambda s: s.rate))]),
        ("p95, ms", [_Line("p95 of the phase so far", GREEN, series(lambda s: s.p95_ms))]),
    ]
    height = _TOP + len(panels) * (_PANEL + _GAP) + 14
    body = [f'<text x="{_LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>']
    bottom = height - _GAP - 14
    for name, at in timeline.phases.items():
        x = _x(at - start, end)
        body.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 16}" y2="{bottom}" stroke="{GRID}" '
                    f'stroke-dasharray="2 4"/><text x="{x + 4:.1f}" y="{_TOP - 8}">{escape(name)}</text>')
    for number, (label, lines) in enumerate(panels):
        body += _panel(_TOP + number * (_PANEL + _GAP), label, lines, end, whole=number == 0)
    body += _time_axis(bottom, end)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(title)}" fill="{INK}" '
            f'font-family="system-ui, sans-serif" font-size="12">\n' + "\n".join(body) + "\n</svg>\n")


def _panel(top: float, label: str, lines: list[_Line], end: float, whole: bool) -> list[str]:
    ceiling = nice_ceiling(max([y for line in lines for _, y in line.points] + [1]), whole)

    def y_of(value: float) -> float:
        return top + _PANEL - value / ceiling * _PANEL

    out = []
    for tick in _ticks(ceiling, whole):
        y = y_of(tick)
        out.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}" '
                   f'stroke-opacity="{0.9 if tick == 0 else 0.25}"/>'
                   f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    out.append(f'<text transform="translate(16 {top + _PANEL / 2}) rotate(-90)" text-anchor="middle">'
               f'{escape(label)}</text>')
    for number, line in enumerate(lines):
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        points = _steps(line.points) if line.stepped else line.points
        path = " ".join(f"{_x(x, end):.1f},{y_of(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2" '
                   f'stroke-linejoin="round"{dash}/>')
        key_x, key_y = _WIDTH - _RIGHT - 170 * (len(lines) - number), top + _PANEL + 18
        out.append(f'<line x1="{key_x}" x2="{key_x + 22}" y1="{key_y - 4}" y2="{key_y - 4}" '
                   f'stroke="{line.colour}" stroke-width="2"{dash}/>'
                   f'<text x="{key_x + 28}" y="{key_y}">{escape(line.label)}</text>')
    return out


def _time_axis(bottom: float, end: float) -> list[str]:
    step = next(s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 10**9) if end / s <= 10)
    out = []
    for number in range(int(end // step) + 1):
        x = _x(number * step, end)
        out.append(f'<text x="{x:.1f}" y="{bottom + 34}" text-anchor="middle">{number * step} s</text>'
                   f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}" stroke="{GRID}"/>')
    return out


def _x(seconds: float, end: float) -> float:
    return _LEFT + min(max(seconds, 0), end) / end * (_WIDTH - _LEFT - _RIGHT)


def _steps(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A value holds until the next one is read."""
    out = points[:1]
    for (_, before), (x, y) in zip(points, points[1:]):
        out += [(x, before), (x, y)] if y != before else [(x, y)]
    return out


def _ticks(ceiling: float, whole: bool) -> list[float]:
    if whole and ceiling <= 12:
        step = 1 if ceiling <= 6 else 2
        return [float(tick) for tick in range(0, int(ceiling) + 1, step)]
    return [ceiling * quarter / 4 for quarter in range(5)]
