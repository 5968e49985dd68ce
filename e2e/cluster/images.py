"""The images that every cluster has, made from the components and Debian's programs, and their way into the nodes."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import archive, paths
from cluster.archive import Image
from cluster.components import binary
from cluster.errors import ClusterError
from cluster.node import PAUSE_IMAGE, Node
from cluster.waiting import wait_for

BUSYBOX_TOOLS = ("sh", "cat", "echo", "env", "httpd", "id", "ls", "nc", "nslookup", "sleep", "stat", "sync", "test",
                 "touch", "wget", "dd", "rm", "ip", "date", "seq", "mkdir", "grep", "ping", "true", "false", "head")
CONTENT_NAMESPACE = ["-n", "k8s.io"]


def essential() -> list[Path]:
    """Archives of the images that a node needs before its first pod."""
    return [_archived(image) for image in (_pause(), _coredns(), _metrics_server(), _prometheus())]


def handy() -> list[Path]:
    """Archives of images for users: a load generator and a shell."""
    return [_archived(image) for image in (_busybox(), _k6())]


def load(archives: Iterable[Path], nodes: Iterable[Node]) -> list[str]:
    """Puts the archives' images into every node that does not have them, and says what went where."""
    archives = [path.resolve() for path in archives]
    with ThreadPoolExecutor() as pool:
        return [line for lines in pool.map(lambda node: load_node(archives, node), nodes) for line in lines]


def load_node(archives: Iterable[Path], node: Node) -> list[str]:
    return [_load(path, node) for path in archives]


def _load(path: Path, node: Node) -> str:
    ids = archive.read(path)
    named = ", ".join(ids)
    if _has(node, ids):
        return f"{node.name}: {named} is there already"
    # A name that moves to another image keeps the CRI plugin's mark of having been seen, so it would not be looked at again.
    present = {line.split()[0] for line in _ctr(node, "images", "list").splitlines()[1:]}
    if moved := [reference for reference in ids if reference in present]:
        _ctr(node, "images", "rm", *moved)
    _ctr(node, "images", "import", path)
    # Pods see an image once the CRI plugin has noticed it.
    wait_for(f"{named} in {node.name}", lambda: _has(node, ids), 20, hint=f"see {paths.LOG}/{node.name}-containerd.log")
    return f"{node.name}: {named} loaded"


def _has(node: Node, ids: dict[str, str]) -> bool:
    return holds(_ctr(node, "images", "list"), ids)


def holds(listing: str, ids: dict[str, str]) -> bool:
    """Whether `ctr images list` shows each reference with this image id.

    The CRI plugin lists an image once more under its id, so a reference is right when both have the same target.
    """
    targets = {columns[0]: columns[2] for columns in map(str.split, listing.splitlines()[1:])}
    return all(
        reference in targets and targets[reference] == targets.get(image_id) for reference, image_id in ids.items()
    )


def _ctr(node: Node, *arguments: str | Path) -> str:
    finished = subprocess.run(
        ["ctr", "--address", node.containerd_socket, *CONTENT_NAMESPACE, *arguments], capture_output=True, text=True
    )
    if finished.returncode != 0:
        raise ClusterError(f"{node.name}: ctr {' '.join(map(str, arguments))}: {finished.stderr.strip()}")
    return finished.stdout


def _archived(image: Image) -> Path:
    """The image's archive, from the cache when none of its files has changed."""
    stats = [(path, source.stat().st_size, source.stat().st_mtime_ns) for path, source in image.files.items()]
    key = hashlib.sha256(repr((image, stats)).encode()).hexdigest()[:16]
    name = re.sub(r"[^a-z0-9]+", "-", image.reference)
    target = paths.CACHE / "images" / f"{name}-{key}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        archive.write(image, target)
    return target


def _pause() -> Image:
    return Image(PAUSE_IMAGE, ("/pause",), {"/pause": binary("pause")})


def _coredns() -> Image:
    return Image("localhost/coredns:dev", ("/coredns",), {"/coredns": binary("coredns")})


def _metrics_server() -> Image:
    files = {"/metrics-server": binary("metrics-server")}
    return Image("localhost/metrics-server:dev", ("/metrics-server",), files, folders=("/tmp",))


def _k6() -> Image:
    return Image("localhost/k6:dev", ("/k6",), {"/k6": binary("k6")}, folders=("/tmp",))


def _busybox() -> Image:
    links = {f"/bin/{tool}": "busybox" for tool in BUSYBOX_TOOLS}
    return Image("localhost/busybox:dev", ("/bin/sh",), {"/bin/busybox": _program("busybox")}, links, ("/tmp",), "/bin")


def _prometheus() -> Image:
    files = {"/prometheus": binary("prometheus")}
    return Image("localhost/prometheus:dev", ("/prometheus",), files, folders=("/tmp",))


def _program(name: str) -> Path:
    found = shutil.which(name)
    if not found:
        raise ClusterError(f"{name} is not installed; run setup/debian.sh")
    return Path(found).resolve()

