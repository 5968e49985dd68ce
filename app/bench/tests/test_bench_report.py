import json
import xml.etree.ElementTree as ElementTree

import pytest

from app.bench import bench, chart, report
from app.bench.bench import Measured
from app.bench.cell import Cell
from app.bench.idle import Idle
from app.bench.sides import Side

TITLES = {"ours": "ours (C++)", "axum": "axum, multi-thread", "axum-per-core": "axum, a runtime a core",
          "fastapi": "FastAPI"}


def cell(rate, p99_ms=2.0, errors=0, rss_mb=12.0):
    return Cell(rate, p50_ms=0.5, p99_ms=p99_ms, errors=errors, app_us=9.0, postgres_us=10.0, redis_us=2.0,
                rss_mb=rss_mb, wrk_cores=0.6)


def a_run() -> Measured:
    measured = Measured()
    rates = {"ours": {"cached": 90, "db": 70, "post": 45, "list": 48}, "axum": {"cached": 71, "db": 54, "post": 17.5, "list": 37},
             "axum-per-core": {"cached": 88, "db": 67, "post": 19.4, "list": 45},
             "fastapi": {"cached": 8.3, "db": 1.7, "post": 0.87, "list": 0.93}}
    for side, routes in rates.items():
        for route, thousands in routes.items():
            measured.cells[side, route] = [cell(thousands * 1000)]
        measured.starts_ms[side] = [30.0, 20.0, 1000.0]
    return measured


def test_last_line_is_what_scripts_expect():
    measured = a_run()
    measured.cells["ours", "post"] = [cell(45_000, p99_ms=3.5, rss_mb=18.0)]
    assert report.last_line(report.rows(measured), measured.starts_ms["ours"]) == (
        "bench: cached=90000 near=- db=70000 post=45000 list=48000 p99_ms=3.5 rss_mb=18.0 start_ms=30 "
        "x_fastapi_cached=10.8 x_fastapi_rest=41.2 x_axum=1.27 x_axum_post=2.57 errors=0")


def test_what_was_not_measured_is_a_dash_and_no_crash():
    line = report.last_line({}, [])
    assert line == ("bench: cached=- near=- db=- post=- list=- p99_ms=- rss_mb=- start_ms=- x_fastapi_cached=- "
                    "x_fastapi_rest=- x_axum=- x_axum_post=- errors=0")
    assert "reads -x" in report.against_the_best({})


def test_a_ratio_is_the_smallest_one():
    found = report.rows(a_run())
    assert report.smallest_ratio(found, ("axum", "axum-per-core"), ("cached", "db", "list")) == pytest.approx(90 / 88)
    assert report.smallest_ratio(found, ("nobody",), ("cached",)) is None


def test_rounds_become_medians_but_errors_add_up():
    row = report.combine([cell(10), cell(30, errors=2, rss_mb=20.0), cell(20, errors=1)])
    assert (row.rate, row.best_rate, row.errors, row.rss_mb) == (20, 30, 3, 20.0)


def test_our_errors_are_in_the_last_line():
    measured = a_run()
    measured.cells["ours", "db"].append(cell(1000, errors=7))
    measured.cells["axum", "db"].append(cell(1000, errors=5))
    assert report.last_line(report.rows(measured), [1.0]).endswith("errors=7")


def test_table_has_a_block_a_route_with_all_its_sides():
    text = report.table(report.rows(a_run()), TITLES)
    assert text.count("req/s") == 4 and text.count("ours (C++)") == 4 and "near" not in text
    assert "90,000" in text and "870" in text


def test_results_keep_every_cell():
    measured = a_run()
    measured.idle = Idle(10_000, 8.0, 60.0)
    kept = json.loads(json.dumps(report.results(measured, seconds=5)))
    assert kept["sides"]["axum"]["list"]["cells"][0]["rate"] == 37_000 and kept["seconds"] == 5
    assert "52.0 MB (5.2 kB each)" in report.starts_and_idle(measured, TITLES)


def test_chart_is_well_formed_and_names_everybody():
    text = chart.render(report.rows(a_run()), TITLES, "a <run>", "2 cores")
    ElementTree.fromstring(text)
    for words in ("90,000/s", "930/s", "axum, a runtime a core", "a &lt;run&gt;", "2 cores"):
        assert words in text
    ElementTree.fromstring(chart.render({}, TITLES, "empty", ""))


def test_ours_runs_before_every_peer_on_the_routes_of_that_peer():
    all_routes = ("cached", "db", "post", "list")
    ours = Side("ours", "ours", (), ("cached", "near", "db", "post", "list"))
    peers = [Side("axum", "axum", (), all_routes), Side("axum-coalesced", "", (), ("post",))]
    order = bench.turns(ours, peers, rounds=2)
    assert [turn.side.name for turn in order] == ["ours", "axum", "ours", "axum-coalesced"] * 2
    assert [[route.name for route in turn.routes] for turn in order[:4]] == [
        ["cached", "near", "db", "post", "list"], ["cached", "db", "post", "list"], ["post"], ["post"]]
    assert [turn.side.name for turn in bench.turns(ours, [], rounds=1)] == ["ours"]
