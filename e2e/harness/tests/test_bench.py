import signal

import pytest

from cluster.errors import ClusterError
from harness import bench
from harness.failure import Failure


def test_the_last_line_is_for_scripts(capsys):
    assert bench.run(lambda: "bench: x=1") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "bench: x=1"


@pytest.mark.parametrize("failure", [Failure("no etcd"), ClusterError("no etcd")])
def test_a_failure_is_one_line(capsys, failure):
    def work():
        raise failure
    assert bench.run(work) == 1
    shown = capsys.readouterr()
    assert (shown.err, "bench:" in shown.out) == ("bench: no etcd\n", False)


def test_a_mistake_of_the_bench_keeps_its_traceback():
    def work():
        raise AssertionError("a mistake")
    with pytest.raises(AssertionError):
        bench.run(work)
    assert bench.run(work, (AssertionError,)) == 1


def test_a_signal_runs_finally():
    ended = []

    def work():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            ended.append(True)
        return "not reached"
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        assert (bench.run(work), ended) == (bench.INTERRUPTED, [True])
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
