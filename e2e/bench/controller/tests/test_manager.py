"""The driver's side of the conversation, with a shell script as the manager."""

import time

import pytest

from bench.controller import api_server
from bench.controller.manager import Manager
from harness.failure import Failure

_HONEST = """
echo 'a log line'
echo '{"event":"synced","unix":'$(date +%s.%N)'}'
while read command; do
  case $command in
    stats) n=$((n + 5)); echo '{"event":"stats","pod_events":'$n'}' ;;
    *) echo broken >&2; exit 3 ;;
  esac
done
"""


@pytest.fixture
def start(monkeypatch, tmp_path):
    monkeypatch.setattr(api_server, "enter", lambda: [])
    return lambda script: Manager("ours", ["bash", "-c", script], tmp_path / "kubeconfig", tmp_path / "log")


def test_synced_is_timed_by_the_managers_own_clock(start):
    with start(_HONEST) as manager:
        assert 0 <= manager.wait_until_synced() < 5


def test_stats_are_asked_until_they_are_good_enough(start):
    with start(_HONEST) as manager:
        assert manager.wait_for("20 changes", lambda now: now["pod_events"] >= 20, 30)["pod_events"] == 20


def test_what_never_comes_is_a_failure_with_the_last_stats(start):
    with start(_HONEST) as manager, pytest.raises(Failure, match="ours: 999 changes: not within 0 s.*'pod_events': 5"):
        manager.wait_for("999 changes", lambda now: now["pod_events"] >= 999, 0)


def test_a_manager_that_ends_early_is_a_failure_with_the_end_of_its_log(start):
    with start("echo no such cluster >&2; exit 1") as manager, pytest.raises(Failure, match="ended.*no such cluster"):
        manager.wait_until_synced()


def test_a_paused_manager_can_still_be_ended(start):
    with start(_HONEST) as manager:
        manager.wait_until_synced()
        manager.pause()
        started = time.monotonic()
    assert time.monotonic() - started < 5
