import xml.etree.ElementTree as ElementTree

import pytest

from bench.controller import chart, report

OURS = {"sync_seconds": 1.0, "rss_bytes": 50e6, "peak_bytes": 55e6, "peak_of_steady": 1.1, "updates_cpu_seconds": 1.0,
        "reconciles_per_second": 50_000.0, "rss_secrets_bytes": 16e6, "binary_bytes": 1e6, "image_bytes": 18e6}
THEIRS = {"sync_seconds": 2.0, "rss_bytes": 400e6, "peak_bytes": 600e6, "peak_of_steady": 1.5, "updates_cpu_seconds": 4.0,
          "reconciles_per_second": 4000.0, "rss_secrets_bytes": 33e6, "binary_bytes": 33e6, "image_bytes": 33e6}


def test_the_last_line_is_what_scripts_read():
    assert report.last_line(OURS, THEIRS) == (
        "bench: memory_x=0.12 peak_x=1.10 cpu_x=0.25 reconciles_x=12.50 sync_x=0.50 image_x=0.55 "
        "rss_30k_secrets_mb=16.0/33.0")
    assert report.last_line(OURS, THEIRS, 25e6).endswith(" operator_rss_30k_secrets_mb=25.0")


def test_rounds_give_the_best_time_and_the_median_memory():
    combined = report.combine([
        {"sync_seconds": 3.0, "reconciles_per_second": 10.0, "rss_bytes": 10.0, "peak_bytes": 20.0},
        {"sync_seconds": 2.0, "reconciles_per_second": 30.0, "rss_bytes": 20.0, "peak_bytes": 20.0}])
    assert combined == {"sync_seconds": 2.0, "reconciles_per_second": 30.0, "rss_bytes": 15.0, "peak_bytes": 20.0,
                        "peak_of_steady": 1.5}


def test_the_table_says_which_goals_were_missed():
    rows = {line.strip().split("  ")[0]: line for line in report.table(report.MAIN_ROWS, OURS, THEIRS).splitlines()[1:]}
    assert "MISSED" in rows["image, unpacked"] and "0.55x" in rows["image, unpacked"]
    assert rows["start to synced"].endswith("<= 0.7x  met")
    assert rows["no-op reconciles, one worker"].endswith(">= 5x  met")
    assert rows["of own steady memory"].endswith("<= 1.2 of own  met")
    assert "CPU of it" not in rows, "what was not measured is left out"


@pytest.mark.parametrize("steady", [1.2, 1.21])
def test_the_peak_is_compared_with_our_own_steady_memory(steady):
    line = next(line for line in report.table(report.MAIN_ROWS, {**OURS, "peak_of_steady": steady}, THEIRS).splitlines()
                if "steady" in line)
    assert ("MISSED" in line) == (steady > 1.2)


def test_the_chart_is_an_svg_with_a_pair_of_bars_a_figure():
    drawn = ElementTree.fromstring(chart.render(report.MAIN_ROWS, OURS, THEIRS, "ours & theirs", "10 pods"))
    bars = [each for each in drawn.iter() if each.tag.endswith("rect")]
    assert len(bars) == 2 * 7 + 2   # and the key's two
    assert all(float(each.get("x")) + float(each.get("width")) < 860 for each in bars)
    texts = [each.text for each in drawn.iter() if each.tag.endswith("text")]
    assert "50.0 MB" in texts and "400.0 MB" in texts and "ours & theirs" in texts
