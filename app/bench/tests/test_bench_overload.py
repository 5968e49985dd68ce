"""What is read from wrk when it offers more than can be served."""

import pytest

from app.bench import overload
from app.bench.overload import Answers, Overload
from harness.failure import Failure

_LINE = "figures: good={} refused={} other={} retry_after={} duration_us=2000000 p99_us=120000 broken={}\n"


def test_good_and_refused_answers_are_counted_apart():
    found = overload.parse("Running 2s test\n" + _LINE.format(2000, 2400, 0, 2400, 0))
    assert found == Answers(good_rate=1000, refused_rate=1200, p99_ms=120, errors=0)


def test_a_refusal_without_a_hint_and_a_broken_connection_are_errors():
    assert overload.parse(_LINE.format(100, 20, 3, 15, 2)).errors == 3 + 2 + 5


def test_ratios_are_those_of_the_peak():
    found = Overload(Answers(1000, 0, 50, 0), Answers(950, 1050, 100, 0))
    assert (found.goodput_x, found.offered_x) == (0.95, 2.0)


def test_a_load_that_did_not_run_is_told():
    with pytest.raises(Failure, match="connection refused"):
        overload.parse("unable to connect: connection refused")


def test_a_connection_pauses_less_when_answers_come_late():
    assert overload.pause_ms(1500, 3000, 0) == 500
    assert overload.pause_ms(1500, 3000, 200) == 300
    assert overload.pause_ms(1500, 3000, 600) == 0
