"""`load-image` skips what a node has: by content, for a rebuilt image keeps its name."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster import images

LISTING = """REF                 TYPE                                                 DIGEST         SIZE    PLATFORMS   LABELS
localhost/x:dev     application/vnd.docker.distribution.manifest.v2+json sha256:aaa 1.0 MiB linux/amd64 -
sha256:111          application/vnd.docker.distribution.manifest.v2+json sha256:aaa 1.0 MiB linux/amd64 -
sha256:222          application/vnd.docker.distribution.manifest.v2+json sha256:bbb 1.0 MiB linux/amd64 -
"""


class HoldsTest(unittest.TestCase):
    def test_same_name_and_content_is_there(self) -> None:
        self.assertTrue(images.holds(LISTING, {"localhost/x:dev": "sha256:111"}))

    def test_rebuilt_image_of_the_same_name_is_not_there(self) -> None:
        self.assertFalse(images.holds(LISTING, {"localhost/x:dev": "sha256:333"}))

    def test_name_that_points_to_an_older_content_is_not_there(self) -> None:
        self.assertFalse(images.holds(LISTING, {"localhost/x:dev": "sha256:222"}))

    def test_all_images_of_an_archive_must_be_there(self) -> None:
        self.assertFalse(images.holds(LISTING, {"localhost/x:dev": "sha256:111", "localhost/y:dev": "sha256:222"}))

    def test_an_empty_node_has_nothing(self) -> None:
        self.assertFalse(images.holds(LISTING.splitlines()[0] + "\n", {"localhost/x:dev": "sha256:111"}))


if __name__ == "__main__":
    unittest.main()
