"""Container images without a container engine: an image of a few files is a tar of tars and two JSON documents.

The format is docker-archive (`docker save`): manifest.json names a configuration and the layers, and the SHA-256 of the
configuration is the image's id. Same content, same bytes: times and owners are fixed.
"""

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import ClusterError

NONROOT = "65534:65534"


@dataclass(frozen=True)
class Image:
    """`files` maps paths in the image to files of the host; `links` to link targets; `folders` are made empty."""

    reference: str
    entrypoint: tuple[str, ...]
    files: dict[str, Path] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    path: str = "/"


def write(image: Image, target: Path) -> None:
    """Writes the archive; `target` appears whole or not at all."""
    layer = _layer(image)
    configuration = _configuration(image, hashlib.sha256(layer).hexdigest())
    name = hashlib.sha256(configuration).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [image.reference], "Layers": ["layer.tar"]}]
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with tarfile.open(beside, "w") as archive:
        _add(archive, "manifest.json", json.dumps(manifest).encode(), 0o644)
        _add(archive, name, configuration, 0o644)
        _add(archive, "layer.tar", layer, 0o644)
    os.replace(beside, target)


def read(path: Path) -> dict[str, str]:
    """The images of a docker-archive: their ids (sha256:...) by reference."""
    try:
        with tarfile.open(path, "r:") as archive:
            manifest = json.load(_member(archive, "manifest.json"))
            ids = {}
            for image in manifest:
                digest = hashlib.sha256(_member(archive, image["Config"]).read()).hexdigest()
                ids |= {reference: f"sha256:{digest}" for reference in image["RepoTags"] or []}
    except (OSError, tarfile.TarError, KeyError, ValueError) as problem:
        raise ClusterError(
            f"{path} is no docker-archive ({problem}); write it with `buildah push IMAGE docker-archive:FILE:NAME:TAG`"
        ) from problem
    if not ids:
        raise ClusterError(f"{path} names no image; write it with `buildah push IMAGE docker-archive:FILE:NAME:TAG`")
    return ids


def _member(archive: tarfile.TarFile, name: str) -> io.BufferedReader:
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(f"{name} is not a file")
    return member  # type: ignore[return-value]


def _layer(image: Image) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for folder in sorted(_folders(image)):
            # What nothing but the program itself can fill is writable to it.
            _add_folder(layer, folder, 0o777 if folder in image.folders else 0o755)
        for path, source in sorted(image.files.items()):
            _add(layer, path, source.read_bytes(), 0o755 if os.access(source, os.X_OK) else 0o644)
        for path, target in sorted(image.links.items()):
            _add_link(layer, path, target)
    return buffer.getvalue()


def _folders(image: Image) -> set[str]:
    folders = set(image.folders)
    for path in (*image.files, *image.links, *image.folders):
        folders |= {str(parent) for parent in Path(path).parents if str(parent) not in ("/", ".")}
    return folders


def _configuration(image: Image, layer_digest: str) -> bytes:
    return json.dumps({
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": NONROOT,
            "Entrypoint": list(image.entrypoint),
            "Env": [f"PATH={image.path}", "HOME=/tmp"],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "e2e/cluster"}],
    }, sort_keys=True).encode()


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _add_folder(archive: tarfile.TarFile, path: str, mode: int) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


def _add_link(archive: tarfile.TarFile, path: str, target: str) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)
