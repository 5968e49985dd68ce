"""The rates as an SVG for a README, a bar a side: readable on a light and on a dark page. Pure: rows in, text out."""

from xml.sax.saxutils import escape

from app.bench.report import Rows
from app.bench.routes import ROUTES

_WIDTH, _LEFT, _RIGHT = 860, 190, 90
_TOP, _BAR, _GAP, _GROUP = 68, 16, 4, 38
# Mid-tones: enough contrast on white and on near-black alike.
_INK = "#7a828c"
_COLOURS = {"ours": "#2f81f7", "axum": "#d9822b", "axum-per-core": "#d9a05b", "axum-coalesced": "#b8742a",
            "fastapi": "#2ea36b"}


def render(found: Rows, titles: dict[str, str], title: str, caption: str) -> str:
    """A group a route, its bars to one scale for all groups, requests per second written at their ends."""
    most = max((row.rate for row in found.values()), default=1.0)
    body, y = [f'<text x="16" y="24" font-size="15" font-weight="600">{escape(title)}</text>'
               f'<text x="16" y="42">{escape(caption)}</text>'], _TOP
    for route in ROUTES:
        sides = [side for side in titles if (side, route.name) in found]
        if not sides:
            continue
        body.append(f'<text x="16" y="{y + 8}" font-weight="600">{escape(route.title)}</text>')
        y += 16
        for side in sides:
            row = found[side, route.name]
            width = max(row.rate / most * (_WIDTH - _LEFT - _RIGHT), 1.0)
            body.append(f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(titles[side])}</text>'
                        f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2" '
                        f'fill="{_COLOURS.get(side, _INK)}"/>'
                        f'<text x="{_LEFT + width + 6:.1f}" y="{y + 12}">{row.rate:,.0f}/s</text>')
            y += _BAR + _GAP
        y += _GROUP - _GAP - 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" '
            f'role="img" aria-label="{escape(title)}" fill="{_INK}" font-family="system-ui, sans-serif" '
            f'font-size="12">\n' + "\n".join(body) + "\n</svg>\n")
