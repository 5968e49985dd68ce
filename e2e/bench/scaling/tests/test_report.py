import collections

import pytest

from bench.scaling import days, decisions, report
from bench.scaling.waves import Wave
from bench.scaling.zero import Zero
from harness.failure import Failure

DELAYS = {"Direct": [1.0, 2.0, 2.5, 4.5], "HPA": [3.0, 9.0, 14.0, 15.0]}
ZERO = Zero([3.0, 4.0, 6.0], collections.Counter({"connection refused": 300}))


def test_the_last_line_is_what_scripts_read():
    found = report.figures(DELAYS, ZERO, (0.66, 0.9997))
    assert report.last_line(found) == (
        "bench: decision_p50_s=2.25 decision_p99_s=4.50 zero_to_200_s=4.00 under_x=0.660 replica_hours_x=1.000")
    assert "MISSED" not in report.verdicts(found)


def test_requests_at_zero_are_told():
    assert "300 times connection refused" in report.zero_text(ZERO)


def test_every_delay_is_in_a_bar():
    assert sum(int(line.split()[-1]) for line in report.histogram(DELAYS["Direct"]).splitlines()) == 4


def test_a_decision_is_the_first_change_after_its_step():
    wave = Wave(begin=100, period=50, high=20)
    changes = [(80.0, 1), (102.0, 2), (121.0, 1), (153.5, 2), (170.0, 1)]
    assert decisions.delays(wave, changes, 2, "x") == [2.0, 3.5]


def test_a_step_that_nobody_followed_is_no_figure():
    with pytest.raises(Failure, match="did not follow"):
        decisions.delays(Wave(100, 50, 20), [(80.0, 1), (125.0, 2)], 1, "x")


def test_the_ratios_of_the_days_are_read_from_the_last_line():
    assert days.ratios("== all\nsimulate: under_x=0.66 replica_hours_x=0.9997\n") == (0.66, 0.9997)
    with pytest.raises(Failure):
        days.ratios("nothing")
