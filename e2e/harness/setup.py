"""From a fresh machine to a cluster with the operator in it, and back.

    with prepared(nodes=3, keep=False) as cluster:
        ...

Our own cluster is taken down at the end, also after Ctrl-C, SIGTERM or a failure, unless `keep` is set or somebody else
had brought it up before. A run that was killed leaves a mark, so that the next one knows that the cluster is its to remove.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cluster.errors import ClusterError
from cluster.locking import exclusive
from harness import cluster as clusters
from harness import release
from harness.cluster import LAUNCHER, OUT, REPOSITORY, Cluster
from harness.failure import Failure
from harness.steps import Steps, say

_LOCK = Path("/run/lock/scalablebackend-e2e.lock")
_MARK = OUT / "cluster-is-ours"
_BUILD_SECONDS = 3600.0
_LOAD_SECONDS = 600.0
_DOWN_SECONDS = 180.0


@contextmanager
def prepared(nodes: int, keep: bool, tests: bool = False) -> Iterator[Cluster]:
    """`tests`: also runs the C++ unit tests, and makes the Python environment of the others."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # so that `finally` runs
    OUT.mkdir(parents=True, exist_ok=True)
    if clusters.is_given():
        with Steps(OUT / "log") as steps:
            _prepare_given(steps, tests)
        cluster = clusters.given()
        release.install(cluster)
        yield cluster
        return
    with alone_on_this_machine():
        ours = _MARK.exists() or not _is_up()
        if ours:
            _MARK.touch()
        try:
            with Steps(OUT / "log") as steps:
                cluster = _prepare_local(steps, nodes, tests)
            release.install(cluster)
            yield cluster
        finally:
            _leave(keep, ours)


@contextmanager
def alone_on_this_machine() -> Iterator[None]:
    """There is one cluster a machine: a second demo or test run waits, lest the first one takes it down under it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(_LOCK, "uses this machine's cluster", _BUILD_SECONDS))
        except ClusterError as error:
            raise Failure(str(error)) from None
        yield


def _prepare_given(steps: Steps, tests: bool) -> None:
    steps.run("Debian packages", [_path("setup/debian.sh")], _BUILD_SECONDS)
    registry = os.environ.get("SB_REGISTRY")
    if tests or registry:
        _start_builds(steps, tests, ["--push", registry] if registry else None)
        steps.finish(_BUILD_SECONDS)


def _prepare_local(steps: Steps, nodes: int, tests: bool) -> Cluster:
    steps.run("Debian packages", [_path("setup/debian.sh")], _BUILD_SECONDS)
    _start_builds(steps, tests, [])
    steps.start(f"cluster of {nodes} nodes", [LAUNCHER, "up", "--nodes", str(nodes)])
    steps.finish(_BUILD_SECONDS)
    steps.run("images to the nodes", [_path("app/images/build"), "--no-compile", "--load"], _LOAD_SECONDS)
    return clusters.local()


def _start_builds(steps: Steps, tests: bool, images: list[str] | None) -> None:
    """Compiles, tests what was compiled, makes the images of it (with these arguments; None: no images)."""
    chain = [_path("setup/build.sh")]
    if tests:
        chain.append(f"PYTHONPATH={_path('e2e')} {sys.executable} -B -m harness.ctest {_path('build/release')} {OUT / 'ctest.xml'}")
    if images is not None:
        chain.append(" ".join([_path("app/images/build"), *images]))
    steps.start("C++ build, unit tests, images" if tests else "C++ build, images", ["sh", "-ec", "; ".join(chain)])
    if tests:
        steps.start("Python environment", [_path("setup/python.sh")])


def _is_up() -> bool:
    return subprocess.run([LAUNCHER, "status"], capture_output=True, timeout=60).returncode == 0


def _leave(keep: bool, ours: bool) -> None:
    if keep or not ours:
        _MARK.unlink(missing_ok=True)
        say(f"the cluster stays up{'' if keep else ', as it was found'}:\n"
            f"  export KUBECONFIG=$(e2e/cluster/run kubeconfig) SB_CLUSTER=local\n"
            f"  e2e/cluster/run kubectl get sb,hpa,pods -A      look around\n"
            f"  e2e/cluster/run down                            take it down")
        return
    with Steps(OUT / "log") as steps:
        steps.run("cluster down", [LAUNCHER, "down"], _DOWN_SECONDS)
    _MARK.unlink(missing_ok=True)


def _path(name: str | Path) -> str:
    return str(REPOSITORY / name)
