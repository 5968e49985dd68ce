"""Both programs and what they weigh."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster.go import ensure_go
from harness.cluster import OUT, REPOSITORY
from harness.failure import Failure
from harness.steps import Steps

HERE = Path(__file__).resolve().parent
OPERATOR = REPOSITORY / "build/static/operator/scalablebackend"
OURS = REPOSITORY / "build/static/e2e/bench/controller/ours/bench_controller"
THEIRS = OUT / "bench/theirs"
_SECONDS = 3600.0


@dataclass(frozen=True)
class Weight:
    """Bytes: the stripped program; everything in an image `FROM scratch` that runs it."""

    binary: int
    image: int


def build(operator: bool) -> None:
    THEIRS.parent.mkdir(parents=True, exist_ok=True)
    targets = ["bench_controller", *(["scalablebackend"] if operator else [])]
    with Steps(OUT / "log") as steps:
        steps.run("ours", [str(REPOSITORY / "setup/build.sh"), *targets], _SECONDS, {**os.environ, "PRESET": "static"})
        # `auto`: a Go older than go.mod asks for gets that one as a module, by checksum.
        environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "auto"}
        steps.run("theirs", [str(ensure_go()), "build", "-C", str(HERE / "theirs"), "-buildvcs=false", "-trimpath",
                             "-ldflags", "-s -w", "-o", str(THEIRS), "."], _SECONDS, environment)


def weight_of_ours() -> Weight:
    """As app/images puts the operator into an image: with the shared libraries that it loads, which are none."""
    root = OUT / "bench/rootfs"
    shutil.rmtree(root, ignore_errors=True)
    _run(str(REPOSITORY / "app/images/closure"), str(root), f"{OURS}=/bench_controller")
    weight = Weight((root / "bench_controller").stat().st_size, bytes_below(root))
    shutil.rmtree(root)
    return weight


def weight_of_theirs() -> Weight:
    """Static and stripped already: it is its own image."""
    size = THEIRS.stat().st_size
    return Weight(size, size)


def bytes_below(folder: Path) -> int:
    """Of all files, as unpacked."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def versions() -> dict[str, str]:
    """What `theirs` is made of."""
    wanted = ("sigs.k8s.io/controller-runtime", "k8s.io/client-go")
    shown = _run(str(ensure_go()), "version", "-m", str(THEIRS)).splitlines()
    found = {"go": shown[0].rsplit(" ", 1)[1]}
    for line in shown:
        words = line.split()
        if len(words) > 2 and words[0] == "dep" and words[1] in wanted:
            found[words[1].rsplit("/", 1)[1]] = words[2]
    return found


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{argv[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
