from pathlib import Path

from harness import ctest

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="x" tests="3" failures="2">
  <testcase name="good" status="run"><system-out>fine: no error</system-out></testcase>
  <testcase name="todo.integration.jobs" status="fail"><failure message="Failed"/><system-out>
    assert kills &gt;= 5
E       AssertionError: assert 3 &gt;= 5
1 failed, 13 passed in 40.0s
FAILED test_jobs.py::test_ten_thousand - AssertionError
</system-out></testcase>
  <testcase name="slow" status="fail"><failure message="Timeout"/><system-out>one
two</system-out></testcase>
</testsuite>
"""


def test_what_failed_and_why(tmp_path: Path) -> None:
    junit = tmp_path / "ctest.xml"
    junit.write_text(JUNIT)
    assert ctest.report(junit) == [
        "todo.integration.jobs: Failed",
        "  E       AssertionError: assert 3 >= 5",
        "  FAILED test_jobs.py::test_ten_thousand - AssertionError",
        "slow: Timeout",
        "  one",
        "  two",
    ]


def test_a_long_output_is_cut() -> None:
    assert ctest.reasons("\n".join(f"E   line {i}" for i in range(50))) == [f"E   line {i}" for i in range(6)]
