import io
import json
import tarfile

import pytest

from harness import measure
from harness.failure import Failure


def test_finds_a_metric_among_its_namesakes():
    text = "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1.25e+07\nprocess_resident_memory_bytes_max 9\n"
    assert measure.metric(text, "process_resident_memory_bytes") == 12.5e6
    with pytest.raises(Failure, match="has no other"):
        measure.metric(text, "other")


def archive_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def test_an_image_is_as_large_as_its_files(tmp_path):
    layer = archive_of({"bin/operator": b"x" * 1000, "lib/libc": b"y" * 500})
    image = tmp_path / "image.tar"
    image.write_bytes(archive_of({"manifest.json": json.dumps([{"Layers": ["l.tar"]}]).encode(), "l.tar": layer}))
    assert measure.unpacked_bytes(image) == 1500
