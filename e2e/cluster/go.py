"""A Go toolchain that is new enough for every component.

The one on PATH if it will do. Otherwise, as on a bare Debian 12, its Go 1.19 fetches a newer toolchain, which is an
ordinary Go module, checksum included; a module carries no file modes, so the programs in it are made executable here.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster.errors import ClusterError
from cluster.progress import say

NEEDED = (1, 24, 0)
TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64"
BOOTSTRAP_NEEDED = (1, 19)
ELSEWHERE = ("/usr/local/go/bin/go", "/usr/lib/go/bin/go", "/usr/lib/go-1.19/bin/go")


def ensure_go() -> Path:
    """The `go` to build with."""
    found = {go: version(go) for go in _installed()}
    for go, its_version in found.items():
        if its_version >= NEEDED:
            return go
    for go, its_version in found.items():
        if its_version >= BOOTSTRAP_NEEDED:
            return _download_toolchain(go)
    raise ClusterError("no Go found; install Debian's golang-go, or Go 1.24 or newer on PATH")


def parse_version(text: str) -> tuple[int, ...]:
    """(1, 26, 8) of `go version go1.26.8 linux/amd64`; empty when there is none."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def version(go: Path) -> tuple[int, ...]:
    shown = subprocess.run([go, "version"], capture_output=True, text=True, env=environment())
    return parse_version(shown.stdout)


def environment() -> dict[str, str]:
    """Go must neither switch to another toolchain by itself nor need a C compiler."""
    return {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}


def _installed() -> list[Path]:
    on_path = shutil.which("go")
    candidates = [on_path] if on_path else []
    return [Path(go) for go in dict.fromkeys([*candidates, *ELSEWHERE]) if os.access(go, os.X_OK)]


def _download_toolchain(go: Path) -> Path:
    say(f"cluster: {go} is older than Go {'.'.join(map(str, NEEDED))}: getting {TOOLCHAIN} as a Go module")
    with tempfile.TemporaryDirectory() as folder:  # away from any go.mod
        downloaded = subprocess.run(
            [go, "mod", "download", "-json", TOOLCHAIN],
            cwd=folder,
            env={**environment(), "GOFLAGS": "-mod=mod"},
            capture_output=True,
            text=True,
        )
    if downloaded.returncode != 0:
        reason = (downloaded.stderr or downloaded.stdout).strip()
        raise ClusterError(f"{TOOLCHAIN} could not be had: {reason}; check GOPROXY or install Go 1.24 or newer")
    root = Path(json.loads(downloaded.stdout)["Dir"])
    for program in [*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")]:
        if program.is_file():
            program.chmod(0o555)
    return root / "bin" / "go"
