import re

from bench.controller import builds


def test_an_image_weighs_what_its_files_weigh(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/one.so").write_bytes(b"x" * 1000)
    (tmp_path / "program").write_bytes(b"x" * 10)
    (tmp_path / "link").symlink_to("program")
    assert builds.bytes_below(tmp_path) == 1010


def test_the_peer_is_pinned_and_recent_enough():
    """The issue asks for controller-runtime v0.22 or newer."""
    pinned = (builds.HERE / "theirs/go.mod").read_text()
    version = re.search(r"sigs.k8s.io/controller-runtime v0\.(\d+)\.", pinned)
    assert version and int(version.group(1)) >= 22
