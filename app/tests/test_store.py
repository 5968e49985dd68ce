"""The store's own tests against a real database: what the C++ test binary skips without one."""

import os
import pathlib
import subprocess

import pytest
from conftest import BINARY

UNIT_TESTS = pathlib.Path(BINARY).parent / "store" / "todo_store_test"


@pytest.mark.skipif(not UNIT_TESTS.exists(), reason=f"{UNIT_TESTS} is not built")
def test_the_store_against_a_database(postgres):
    done = subprocess.run([UNIT_TESTS], env={**os.environ, "TODO_TEST_DATABASE_URL": postgres.url},
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout
