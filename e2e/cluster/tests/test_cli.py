"""What a user types after `kubectl` or `exec NODE` reaches that program untouched."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster.cli import split


class SplitTest(unittest.TestCase):
    def test_flags_of_the_program_are_passed_on(self) -> None:
        for argv, own in {
            ("kubectl", "-n", "x", "get", "pods"): 1,
            ("kubectl",): 1,
            ("exec", "node1", "curl", "-s", "--nodes"): 2,
            ("up", "--nodes", "2"): 3,
            (): 0,
        }.items():
            self.assertEqual(split(list(argv)), (list(argv[:own]), list(argv[own:])))


if __name__ == "__main__":
    unittest.main()
