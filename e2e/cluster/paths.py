"""Where things are: what is kept between clusters (cache), what one cluster owns (state), what is running (run)."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
COMPONENTS = HERE / "components"
ADDONS = HERE / "addons"
PROMETHEUS = REPOSITORY / "manifests" / "prometheus"

CACHE = Path(os.environ.get("SB_CACHE") or Path.home() / ".cache" / "scalablebackend")
# On a disk: containerd's overlay snapshots work neither on another overlay nor well in memory.
STATE = Path(os.environ.get("SB_STATE") or "/var/tmp/scalablebackend-cluster").absolute()
# Sockets and what must be cleaned up even if the state folder was removed under a running cluster.
RUN = Path("/run/sb-cluster")

PKI = STATE / "pki"
LOG = STATE / "log"
VOLUMES = STATE / "volumes"
NODES = STATE / "nodes"
AUDIT_LOG = STATE / "audit.log"
KUBECONFIG = STATE / "kubeconfig"
FACTS = STATE / "cluster.json"
