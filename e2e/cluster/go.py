"""A Go toolchain that is new enough for every component: setup/go.sh finds it, or gets it as a Go module."""

import os
import subprocess
from pathlib import Path

from cluster import paths
from cluster.errors import ClusterError


def ensure_go() -> Path:
    """The `go` to build with."""
    found = subprocess.run([paths.REPOSITORY / "setup" / "go.sh"], stdout=subprocess.PIPE, text=True)
    if found.returncode != 0:
        raise ClusterError("no Go 1.24 or newer could be had; setup/go.sh said why")
    return Path(found.stdout.strip())


def environment() -> dict[str, str]:
    """Go must neither switch to another toolchain by itself nor need a C compiler."""
    return {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
