import io
import xml.etree.ElementTree as ElementTree

import pytest

from harness import plot, screen, svg
from harness.timeline import Sample, Timeline


def a_run() -> Timeline:
    samples = [Sample(at=100 + t, value=20.0 if t < 30 else 150.0, target=50.0, desired=2 if t < 45 else 6,
                      ready=2 if t < 50 else 6, rate=60.0 if t < 30 else 300.0, p95_ms=4.0, requests=t * 60)
               for t in range(0, 90)]
    return Timeline(samples, phases={"base": 100.0, "rise": 130.0})


@pytest.mark.parametrize(("value", "whole", "ceiling"), [
    (6, True, 6), (0, True, 1), (13, True, 20), (150, False, 200), (201, False, 250), (1, False, 1), (0.3, False, 0.5),
])
def test_axes_end_at_a_round_number(value, whole, ceiling):
    assert plot.nice_ceiling(value, whole) == pytest.approx(ceiling)


def test_terminal_plot_has_axes_phases_and_the_target():
    text = plot.render(a_run(), width=80)
    assert "ready replicas" in text and "target 50" in text and "requests/s" in text
    assert "base" in text and "rise" in text and "89 s" in text
    assert max(map(len, text.splitlines())) <= 80


def test_terminal_plot_draws_the_rise_where_it_happened():
    rows = plot.render(a_run(), width=100).splitlines()
    top = rows[1].split("│")[1]      # the 6th replica's row
    assert top.index("█") == int(50 / 89 * 90)


def test_nothing_measured_is_no_crash():
    assert plot.render(Timeline()) == "no samples"
    ElementTree.fromstring(svg.render(Timeline(), "empty"))


def test_svg_is_well_formed_and_says_what_it_shows():
    text = svg.render(a_run(), "a <run>")
    ElementTree.fromstring(text)
    for words in ("replicas", "ready", "desired", "target", "requests/s", "60 s", "rise", "a &lt;run&gt;"):
        assert words in text


def test_plain_lines_come_every_five_seconds():
    out = io.StringIO()
    view = screen.Screen(out)
    for sample in a_run().samples:
        view.show(sample, "base")
    lines = out.getvalue().splitlines()
    assert len(lines) == 18
    assert lines[0] == ("   0 s  base     metric 20/50  replicas 2 ready of 2 desired  60 req/s  p95 4 ms  errors 0")


def test_panel_fits_the_terminal():
    rows = screen.panel(a_run().samples[-1], "rise", 89, columns=60)
    assert max(map(len, rows)) < 60
    assert screen.bar(5, 10, 10) == "█████·····"
    assert screen.bar(None, 10, 4, mark=5) == "··│·"
