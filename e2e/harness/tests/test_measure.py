import io
import json
import tarfile

from harness import measure


def test_reads_resident_memory():
    assert measure.resident_bytes("Name:\tx\nVmHWM:\t 999 kB\nVmRSS:\t   12000 kB\nRssAnon:\t1 kB\n") == 12000 * 1024


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
