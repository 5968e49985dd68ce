"""Images that we write must be ones that a node recognises as already there, or each `up` would load them again."""

import hashlib
import json
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster import archive
from cluster.archive import Image
from cluster.errors import ClusterError


class ArchiveTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.program = self.folder / "program"
        self.program.write_text("#!/bin/true\n")
        self.program.chmod(0o700)

    def write(self, name: str, **options) -> Path:
        target = self.folder / name
        archive.write(Image("localhost/x:dev", ("/bin/x",), {"/bin/x": self.program}, **options), target)
        return target

    def test_read_finds_the_id_of_what_was_written(self) -> None:
        path = self.write("x.tar")
        with tarfile.open(path) as written:
            manifest = json.load(written.extractfile("manifest.json"))
            configuration = written.extractfile(manifest[0]["Config"]).read()
        identifier = "sha256:" + hashlib.sha256(configuration).hexdigest()
        self.assertEqual(archive.read(path), {"localhost/x:dev": identifier})

    def test_same_content_gives_the_same_bytes(self) -> None:
        first = self.write("a.tar").read_bytes()
        self.program.touch()
        self.assertEqual(first, self.write("b.tar").read_bytes())

    def test_layer_matches_its_declared_digest(self) -> None:
        with tarfile.open(self.write("x.tar")) as written:
            manifest = json.load(written.extractfile("manifest.json"))
            configuration = json.load(written.extractfile(manifest[0]["Config"]))
            layer = written.extractfile("layer.tar").read()
        self.assertEqual(configuration["rootfs"]["diff_ids"], ["sha256:" + hashlib.sha256(layer).hexdigest()])

    def test_layer_has_parents_before_files_and_keeps_programs_executable(self) -> None:
        with tarfile.open(self.write("x.tar", folders=("/tmp",), links={"/bin/sh": "x"})) as written:
            with tarfile.open(fileobj=written.extractfile("layer.tar")) as layer:
                entries = {entry.name: entry for entry in layer}
        self.assertEqual(list(entries), ["bin", "tmp", "bin/x", "bin/sh"])
        self.assertEqual(entries["bin/x"].mode, 0o755)
        self.assertEqual(entries["tmp"].mode, 0o777)
        self.assertEqual(entries["bin/sh"].linkname, "x")

    def test_runs_as_nobody(self) -> None:
        with tarfile.open(self.write("x.tar")) as written:
            manifest = json.load(written.extractfile("manifest.json"))
            configuration = json.load(written.extractfile(manifest[0]["Config"]))
        self.assertEqual(configuration["config"]["User"], "65534:65534")

    def test_what_is_no_archive_is_refused_with_the_fix(self) -> None:
        broken = self.folder / "broken.tar"
        broken.write_bytes(b"not a tar")
        for path in (broken, self.folder / "missing.tar"):
            with self.assertRaisesRegex(ClusterError, "docker-archive:FILE:NAME:TAG"):
                archive.read(path)


if __name__ == "__main__":
    unittest.main()
