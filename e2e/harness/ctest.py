"""Runs ctest; after a failure its last lines say what failed and why, because they are all that a CI shows.

  python3 -m harness.ctest build/release out/ctest.xml
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

_LINES_PER_TEST = 6
# What pytest, GoogleTest and the sanitizers write when something is wrong, the closest to the reason first.
_REASONS = (r"^E   +\S", r"^FAILED ", r": Failure$|^  Actual: |^Expected equality|^  Which is: ", r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer",
            r"\b[Ee]rror\b")


def reasons(output: str) -> list[str]:
    """The lines that say most about a failure, in their order; the last ones, if none is known to."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    found: set[int] = set()
    for pattern in _REASONS:
        for at, line in enumerate(lines):
            if len(found) < _LINES_PER_TEST and re.search(pattern, line):
                found.add(at)
    return [lines[at][:200] for at in sorted(found)] or [line[:200] for line in lines[-_LINES_PER_TEST:]]


def report(junit: Path) -> list[str]:
    """Of each test that failed: its name, and below it the reasons."""
    lines = []
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        failure = case.find("failure")
        if failure is None:
            continue
        lines.append(f"{case.get('name')}: {failure.get('message') or 'failed'}")
        lines += [f"  {line}" for line in reasons(case.findtext("system-out") or "")]
    return lines


def main(folder: str, junit: str) -> int:
    path = Path(junit).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    # Two at a time: the tests with deadlines share two cores with the cluster that starts meanwhile.
    code = subprocess.run(["ctest", "--test-dir", folder, "--output-on-failure", "--parallel", "2", "--timeout", "120",
                           "--output-junit", str(path)]).returncode
    if code != 0 and path.exists():
        print("Why:", *report(path), sep="\n", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
