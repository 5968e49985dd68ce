"""All tests: C++ unit tests, then the end-to-end tests on a real cluster. Arguments go to pytest.

  e2e/test                          everything
  e2e/test -k scaling               only what matches
  e2e/test e2e/tests/test_gitops.py
  e2e/test --keep                   leaves the cluster up afterwards; the next run then starts in seconds
  SB_SETTLED_SECONDS=300 e2e/test   watches a settled backend for 5 minutes instead of one

What a failed test leaves (operator log, objects, events) is in out/e2e/<test>/.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.cluster import OUT, REPOSITORY, Cluster
from harness.failure import Failure
from harness.setup import prepared
from harness.steps import say

# The quick ones first; e2e/tests is what takes the time.
# app/tests is not among them: ctest runs it, with the binary that it tests.
_FOLDERS = ("e2e/harness/tests", "e2e/cluster/tests", "e2e/bench/controller/tests", "e2e/bench/keda/tests",
            "e2e/bench/scaling/tests", "e2e/chaos/tests", "helm/tests",
            "app/images", "app/bench/tests", "e2e/tests")
# pytest's own limit is a test's; this one is for a pytest that hangs.
_ALL_SECONDS = 3600.0


def main(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    keep = "--keep" in arguments
    arguments = [argument for argument in arguments if argument != "--keep"]
    started = time.monotonic()
    try:
        with prepared(nodes=3, keep=keep, tests=True) as cluster:
            say(_ctest_summary())
            code, last_line = _pytest(cluster, arguments)
    except Failure as failure:
        print(f"test: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("test: interrupted", file=sys.stderr)
        return 130
    say(f"everything took {time.monotonic() - started:.0f} s")
    print(last_line, flush=True)
    return code


def _pytest(cluster: Cluster, arguments: list[str]) -> tuple[int, str]:
    """Exit code and last line, which is held back: it is to be the very last of all, after the cluster is down."""
    python = subprocess.run([str(REPOSITORY / "setup/python.sh")], capture_output=True, text=True, check=True).stdout.strip()
    folders = [] if any(_is_test_path(argument) for argument in arguments) else [
        folder for folder in _FOLDERS if any((REPOSITORY / folder).glob("test_*.py"))]
    argv = [python, "-B", "-u", "-m", "pytest", "-c", "e2e/pytest.ini", "--rootdir", "e2e", "-v",
            f"--junit-xml={OUT / 'e2e.xml'}", *arguments, *folders]
    environment = {**cluster.environment(), "SB_CLUSTER": "local"} if cluster.local else cluster.environment()
    running = subprocess.Popen(argv, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", start_new_session=True)
    held = ""
    try:
        for line in running.stdout:
            if held:
                print(held, end="", flush=True)
            held = line
        return running.wait(_ALL_SECONDS), held.rstrip("\n")
    finally:
        _end(running)


def _end(running: subprocess.Popen) -> None:
    """After Ctrl-C pytest gets one, too, so that its fixtures clean up."""
    for how in (signal.SIGINT, signal.SIGKILL):
        if running.poll() is None:
            os.killpg(running.pid, how)
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                continue


def _is_test_path(argument: str) -> bool:
    return not argument.startswith("-") and Path(argument.split("::")[0]).exists()


def _ctest_summary() -> str:
    """`100% tests passed, 0 tests failed out of 42`, from the log of the set-up."""
    for log in (OUT / "log").glob("*unit-tests*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if re.match(r"\d+% tests passed", line):
                return f"ctest: {line}"
    return "ctest: no summary"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
