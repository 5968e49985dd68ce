import os
import time

import pytest

from harness.failure import Failure
from harness.steps import Steps


def test_steps_run_side_by_side(tmp_path):
    meet = tmp_path / "meet"
    os.mkfifo(meet)   # each end of a fifo opens only when the other one does
    with Steps(tmp_path / "log") as steps:
        steps.start("one", ["sh", "-c", f"echo hello > {meet}"])
        steps.start("two", ["cat", str(meet)])
        steps.finish(20)
    assert (tmp_path / "log" / "two.log").read_text() == "hello\n"


def test_a_failure_shows_the_end_of_its_log(tmp_path):
    with Steps(tmp_path) as steps, pytest.raises(Failure, match=r"(?s)bad step failed \(exit 3\).*no such thing"):
        steps.run("bad step", ["sh", "-c", "echo no such thing; exit 3"], 20)


def test_a_step_that_hangs_has_a_deadline_and_leaves_no_process(tmp_path):
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    with Steps(tmp_path) as steps, pytest.raises(Failure, match="not done in 0.2 s"):
        steps.start("slow", ["sh", "-c", f"echo $$ > {begun}; exec sleep 60"])
        pid = int(begun.read_text())   # once it runs, however long that takes
        steps.finish(0.2)
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
