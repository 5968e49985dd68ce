"""The cluster that the demo and the tests run on: our own launcher's, or the one that KUBECONFIG names.

KUBECONFIG set (and SB_CLUSTER not `local`): that cluster is used as it is, and left as it is.
  SB_REGISTRY     images are built and pushed there, and used from there; unset: they are assumed to be on the nodes
  SB_K6_IMAGE     the k6 image (default: SB_REGISTRY/k6:dev, or localhost/k6:dev)
  SB_AUDIT_LOG    the API server's audit log, if it can be read here: else the tests that count in it are skipped
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster import paths
from harness.failure import Failure

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LAUNCHER = str(REPOSITORY / "e2e/cluster/run")
OUT = Path(os.environ.get("SB_OUT") or REPOSITORY / "out")


@dataclass(frozen=True)
class Cluster:
    """How to reach it. `local`: the launcher's, so that nodes and the audit log are ours to look into."""

    kubectl_path: str
    helm_path: str
    kubeconfig: str
    local: bool
    audit_log: Path | None
    registry: str

    def image(self, name: str) -> str:
        """`todo-api:dev` as the nodes find it."""
        return f"{self.registry}/{name}"

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = 60, check: bool = True) -> str:
        return self._run([self.kubectl_path, *arguments], stdin, seconds, check)

    def helm(self, *arguments: str, seconds: float = 180, check: bool = True) -> str:
        return self._run([self.helm_path, *arguments], None, seconds, check)

    def environment(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": self.kubeconfig}

    def _run(self, argv: list[str], stdin: str | None, seconds: float, check: bool) -> str:
        """stdout; raises Failure with stderr if `check`."""
        what = " ".join([Path(argv[0]).name, *argv[1:4]])
        try:
            done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=seconds,
                                  env=self.environment())
        except subprocess.TimeoutExpired:
            raise Failure(f"{what}: no end in {seconds:g} s") from None
        if check and done.returncode != 0:
            raise Failure(f"{what}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def is_given() -> bool:
    """Whether the user brings a cluster."""
    return bool(os.environ.get("KUBECONFIG")) and os.environ.get("SB_CLUSTER") != "local"


def given() -> Cluster:
    tools = {}
    for name in ("kubectl", "helm"):
        tools[name] = shutil.which(name)
        if tools[name] is None:
            raise Failure(f"{name} is not on PATH: install it, or unset KUBECONFIG to use the built-in cluster")
    log = os.environ.get("SB_AUDIT_LOG")
    return Cluster(tools["kubectl"], tools["helm"], os.environ["KUBECONFIG"], False, Path(log) if log else None,
                   os.environ.get("SB_REGISTRY") or "localhost")


def local() -> Cluster:
    """The launcher's cluster, which must be up."""
    if not paths.FACTS.exists():
        raise Failure(f"no cluster: {LAUNCHER} up starts one")
    facts = json.loads(paths.FACTS.read_text())
    return Cluster(f"{facts['bin']}/kubectl", f"{facts['bin']}/helm", facts["kubeconfig"], True,
                   Path(facts["audit_log"]), "localhost")


def current() -> Cluster:
    return given() if is_given() else local()
