"""The figures as bars in an SVG for a README: readable on a light and on a dark page. Pure: figures in, text out."""

from xml.sax.saxutils import escape

from bench.controller.report import Figures, Row
from harness.svg import BLUE, INK, ORANGE

_KEYS = ("rss_bytes", "peak_bytes", "sync_seconds", "updates_cpu_seconds", "reconciles_per_second", "rss_secrets_bytes",
         "image_bytes")
_WIDTH, _LEFT, _BARS, _TOP = 860, 270, 430, 92
_BAR, _ROW = 13, 44


def render(rows: tuple[Row, ...], ours: Figures, theirs: Figures, title: str, caption: str) -> str:
    """A pair of bars a figure, each pair to its own scale."""
    chosen = [row for key in _KEYS for row in rows if row.key == key and key in ours and key in theirs]
    body = [f'<text x="16" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
            f'<text x="16" y="44">{escape(caption)}</text>']
    for number, (name, colour) in enumerate((("operator/kube (ours)", BLUE), ("controller-runtime", ORANGE))):
        x = _LEFT + number * 170
        body.append(f'<rect x="{x}" y="59" width="22" height="{_BAR}" fill="{colour}"/>'
                    f'<text x="{x + 28}" y="70">{name}</text>')
    for number, row in enumerate(chosen):
        body += _pair(_TOP + number * _ROW, row, ours[row.key], theirs[row.key])
    height = _TOP + len(chosen) * _ROW + 4
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(title)}" fill="{INK}" '
            f'font-family="system-ui, sans-serif" font-size="12">\n' + "\n".join(body) + "\n</svg>\n")


def _pair(top: float, row: Row, ours: float, theirs: float) -> list[str]:
    better = "more is better" if row.more_is_better else "less is better"
    out = [f'<text x="16" y="{top + 13}">{escape(row.name.strip())}</text>'
           f'<text x="16" y="{top + 28}" font-size="10" fill-opacity="0.8">{better}; {ours / theirs:.2f} x</text>']
    for number, (value, colour) in enumerate(((ours, BLUE), (theirs, ORANGE))):
        y = top + number * (_BAR + 3)
        width = max(value / max(ours, theirs) * _BARS, 1)
        out.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
                   f'<text x="{_LEFT + width + 8:.1f}" y="{y + 11}">{escape(row.text(value))}</text>')
    return out
