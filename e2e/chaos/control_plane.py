"""Our own cluster for a scenario that mistreats its control plane: alone on the machine, and the API server at our mercy.

    with borrowed(nodes=1):
        with killed_api_server(): ...
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import cgroups, control_plane
from harness import setup
from harness.cluster import LAUNCHER
from harness.failure import Failure
from harness.steps import say

_UP_SECONDS = 3600.0   # the components may have to be built
_VERB_SECONDS = 180.0
_API_SERVER = f"{control_plane.GROUP}/kube-apiserver"


@contextmanager
def borrowed(nodes: int, keep: bool) -> Iterator[bool]:
    """A cluster that is up stays up (True: it was); else one is started and taken down again, unless `keep`."""
    if os.environ.get("KUBECONFIG") and os.environ.get("SB_CLUSTER") != "local":
        raise Failure("this kills the API server: it runs on our own cluster only; unset KUBECONFIG")
    with setup.alone_on_this_machine():
        found = _launcher("status", check=False)
        try:
            if not found:
                say(f"chaos: starting a cluster of {nodes} nodes")
                _launcher("up", "--nodes", str(nodes), seconds=_UP_SECONDS)
            yield found
        finally:
            if not found and not keep:
                _launcher("down")


@contextmanager
def killed_api_server() -> Iterator[None]:
    """kill -9 before the block, started again and ready after it, whatever happens in it."""
    cgroups.kill([_API_SERVER])   # SIGKILL through a pidfd, members of the control group only
    try:
        yield
    finally:
        _launcher("apiserver", "start")


def _launcher(*arguments: str, seconds: float = _VERB_SECONDS, check: bool = True) -> bool:
    try:
        done = subprocess.run([LAUNCHER, *arguments], capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"e2e/cluster/run {' '.join(arguments)}: no end in {seconds:g} s") from None
    if check and done.returncode != 0:
        raise Failure(f"e2e/cluster/run {' '.join(arguments)}: {done.stderr.strip()[-800:]}")
    return done.returncode == 0
