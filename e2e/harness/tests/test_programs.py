"""What people start runs with the machine's own Python, which has nothing but the standard library."""

import subprocess

import pytest

from harness.cluster import REPOSITORY

PROGRAMS = ("e2e/demo", "e2e/test", "e2e/measure", "e2e/chaos/run", "e2e/cluster/run", "e2e/bench/controller/run",
            "e2e/bench/keda/run", "e2e/bench/scaling/run", "app/bench/run")


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_starts_and_says_what_it_does(program):
    done = subprocess.run([REPOSITORY / program, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 20, done.stdout
