"""`down` removes what the cluster made and nothing that it found: these decide which is which."""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster import paths, state
from cluster.errors import ClusterError


class FoldersTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folders = state.Folders(self.root / "record")

    def test_removes_what_it_made_with_its_parents(self) -> None:
        self.folders.create([str(self.root / "a/b/c")])
        self.assertTrue((self.root / "a/b/c").is_dir())
        self.folders.remove()
        self.assertFalse((self.root / "a").exists())

    def test_keeps_what_was_there(self) -> None:
        (self.root / "a").mkdir()
        self.folders.create([str(self.root / "a/b"), str(self.root / "a")])
        self.folders.remove()
        self.assertTrue((self.root / "a").is_dir())
        self.assertFalse((self.root / "a/b").exists())

    def test_keeps_what_somebody_else_uses_by_now(self) -> None:
        self.folders.create([str(self.root / "a/b")])
        (self.root / "a/b/theirs").touch()
        self.folders.remove()
        self.assertTrue((self.root / "a/b/theirs").exists())

    def test_a_second_cluster_start_does_not_forget_the_first(self) -> None:
        self.folders.create([str(self.root / "a")])
        self.folders.create([str(self.root / "a"), str(self.root / "b")])
        self.folders.remove()
        self.assertEqual(sorted(path.name for path in self.root.iterdir()), ["record"])


class ClaimTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        self.state = root / "state"
        for name, path in {"STATE": self.state, "RUN": root / "run", "LOG": self.state / "log"}.items():
            self.replace(name, path)
        self.replace("NODES", self.state / "nodes")
        self.replace("VOLUMES", self.state / "volumes")
        self.replace("FACTS", self.state / "cluster.json")

    def replace(self, name: str, path: Path) -> None:
        replacement = mock.patch.object(paths, name, path)
        replacement.start()
        self.addCleanup(replacement.stop)

    def test_refuses_a_folder_with_somebody_s_files(self) -> None:
        self.state.mkdir()
        (self.state / "thesis.tex").touch()
        with self.assertRaisesRegex(ClusterError, "SB_STATE"):
            state.claim()

    def test_down_never_removes_a_folder_that_is_not_a_cluster_s(self) -> None:
        self.state.mkdir()
        (self.state / "thesis.tex").touch()
        state.remove_folders()
        self.assertTrue((self.state / "thesis.tex").exists())

    def test_takes_an_own_folder_again(self) -> None:
        state.claim()
        state.claim()
        self.assertTrue((self.state / state.MARKER).exists())

    def test_facts_come_back(self) -> None:
        state.claim()
        self.assertEqual(state.read_facts(), {})
        state.write_facts({"nodes": []})
        self.assertEqual(state.read_facts(), {"nodes": []})

    def test_without_a_cluster_the_fix_is_named(self) -> None:
        with self.assertRaisesRegex(ClusterError, "run `up`"):
            state.require_facts()


if __name__ == "__main__":
    unittest.main()
