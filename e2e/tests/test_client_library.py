"""operator/kube on the real API server: the same tests that ctest runs against the one in memory."""

import os
import re
import subprocess

import pytest

from harness.cluster import REPOSITORY

_BINARY = REPOSITORY / "build/release/operator/kube/conformance/kube_conformance_test"


def _tests() -> list[str]:
    """`Suite.Name` of each; none if it is not built here."""
    if not _BINARY.exists():
        return []
    text = subprocess.run([_BINARY, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    tests, suite = [], ""
    for line in text.splitlines()[1:]:
        name = line.split("#")[0].strip()
        if line.startswith(" "):
            tests.append(suite + name)
        else:
            suite = name
    return tests


def test_the_library_does_on_a_real_server_what_it_does_on_ours(cluster, operator):
    """A fake that is kinder than the real thing makes every test above it worthless."""
    if not _BINARY.exists():
        pytest.skip("setup/build.sh has not built it here")
    done = subprocess.run([_BINARY, "--gtest_brief=1"], capture_output=True, text=True, timeout=240,
                          env={**os.environ, "SB_CONFORMANCE_KUBECONFIG": cluster.kubeconfig})
    lines = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert done.returncode == 0, "\n".join(lines[-60:]) + done.stderr[-2000:]
    passed = re.search(r"PASSED\s+\] (\d+) test", done.stdout)
    assert passed and int(passed.group(1)) == len(_tests()), lines[-5:]   # none was skipped
