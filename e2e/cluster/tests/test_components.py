"""A component is built again exactly when something that it is built from has changed."""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster import components, paths
from cluster.components import Program


class KeyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sources = Path(folder.name)
        replacement = mock.patch.object(paths, "COMPONENTS", self.sources)
        replacement.start()
        self.addCleanup(replacement.stop)
        (self.sources / "mine").mkdir()
        (self.sources / "mine" / "main.go").write_text("package main\n")
        (self.sources / "go.mod").write_text("module x\n")

    def test_own_source_changes_the_key(self) -> None:
        program = Program("mine", "./mine")
        before = program.key()
        self.assertEqual(program.key(), before)
        (self.sources / "mine" / "main.go").write_text("package main // changed\n")
        self.assertNotEqual(program.key(), before)

    def test_tests_of_our_sources_do_not_build_anything_again(self) -> None:
        before = Program("mine", "./mine").key()
        (self.sources / "mine" / "main_test.go").write_text("package main\n")
        self.assertEqual(Program("mine", "./mine").key(), before)

    def test_pinned_modules_change_the_key_of_our_programs_only(self) -> None:
        mine, theirs = Program("mine", "./mine"), Program("theirs", "example.com/theirs@v1")
        before = mine.key(), theirs.key()
        (self.sources / "go.mod").write_text("module x // changed\n")
        self.assertNotEqual(mine.key(), before[0])
        self.assertEqual(theirs.key(), before[1])

    def test_version_and_replaced_file_change_the_key(self) -> None:
        (self.sources / "file.txt").write_text("one")
        program = Program("theirs", "example.com/theirs@v1", main="./cmd", replaced=(("a.go", "file.txt"),))
        before = program.key()
        (self.sources / "file.txt").write_text("two")
        self.assertNotEqual(program.key(), before)
        first, second = (Program("theirs", f"example.com/theirs@{version}") for version in ("v1", "v2"))
        self.assertNotEqual(first.key(), second.key())


class NeededTest(unittest.TestCase):
    def test_a_control_plane_alone_waits_for_no_other_program(self) -> None:
        self.assertEqual(components.needed(0), (components.KUBE,))
        for nodes in (None, 1, 3):
            self.assertEqual(components.needed(nodes), components.PROGRAMS)


class PinsTest(unittest.TestCase):
    def test_kubernetes_is_the_version_that_go_mod_pins(self) -> None:
        pinned = (paths.COMPONENTS / "go.mod").read_text()
        self.assertIn(f"k8s.io/kubernetes {components.KUBERNETES}\n", pinned)


if __name__ == "__main__":
    unittest.main()
