import pytest

from app.bench import wrk
from harness.failure import Failure

PRINTED = """Running 5s test @ http://127.0.0.1:8080
  1 threads and 64 connections
  Latency Distribution
     50%    0.70ms
     99%    2.10ms
  450000 requests in 5.00s, 60.11MB read
Requests/sec:  90000.00
figures: requests=450000 duration_us=5000000 p50_us=700 p99_us=2100 status=3 connect=1 read=2 write=0 timeout=4
"""


def test_latencies_are_those_that_wrk_saw():
    load = wrk.parse(PRINTED, cpu_seconds=2.5)
    assert (load.p50_ms, load.p99_ms, load.cpu_seconds) == (0.7, 2.1, 2.5)


def test_answers_that_are_errors_do_not_make_a_service_fast():
    load = wrk.parse(PRINTED)
    assert load.requests == 449_997 and load.rate == pytest.approx(449_997 / 5)


def test_every_kind_of_failure_counts_as_an_error():
    assert wrk.parse(PRINTED).errors == 10


@pytest.mark.parametrize(("text", "says"), [
    (PRINTED.split("figures:")[0], "no figures"),
    (PRINTED.replace("requests=450000", "requests=0"), "no request was answered well"),
    (PRINTED.replace("requests=450000", "requests=3"), "no request was answered well"),
])
def test_a_load_that_reached_nobody_is_no_result(text, says):
    with pytest.raises(Failure, match=says):
        wrk.parse(text)


@pytest.mark.parametrize(("seconds", "taken"), [(0.6, "1s"), (1.0, "1s"), (1.2, "2s"), (10.0, "10s")])
def test_wrk_is_given_whole_seconds(seconds, taken):
    """It refuses any others, and a run of `--seconds 6` warms up for 1.2."""
    assert wrk.duration(seconds) == taken
