"""etcd, the API server, the controller manager and the scheduler, in a network namespace of their own that is no node;
and the forwarder through which processes of the host reach the API server."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster import cgroups, network, paths, processes
from cluster.certificates import CA, FRONT_PROXY_CA, IN_CLUSTER_SERVER, certificate, issue_control_plane, key
from cluster.certificates import write_kubeconfig
from cluster.components import binary

GROUP = "sb-control"
ETCD = "http://127.0.0.1:2379"
# What the provisioner of the controller manager calls it; in its and the nodes' view, our VOLUMES lies there.
VOLUME_MOUNT = "/tmp/hostpath_pv"
FORWARD_PORT = 16443


@dataclass(frozen=True)
class Settings:
    """What a user may choose about the control plane."""

    hpa_sync: str = "15s"


def prepare() -> None:
    """Certificates, kubeconfigs and files that the components read at their start."""
    issue_control_plane()
    for user in ("kube-controller-manager", "kube-scheduler", "kube-proxy"):
        write_kubeconfig(paths.PKI / f"{user}.conf", user, IN_CLUSTER_SERVER)
    audit_policy().write_text(AUDIT_POLICY)


def audit_policy() -> Path:
    return paths.STATE / "audit-policy.yaml"


def etcd() -> list[str | Path]:
    return [
        "etcd",
        f"--data-dir={paths.STATE / 'etcd'}",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-level=warn",
        # A cluster for tests need not survive a power cut of the machine.
        "--unsafe-no-fsync",
    ]


def api_server() -> list[str]:
    return [
        "kube-apiserver",
        f"--etcd-servers={ETCD}",
        f"--advertise-address={network.CONTROL_IP}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={network.SERVICE_RANGE}",
        f"--tls-cert-file={certificate('apiserver')}",
        f"--tls-private-key-file={key('apiserver')}",
        f"--client-ca-file={certificate(CA)}",
        f"--kubelet-client-certificate={certificate('kubelet-client')}",
        f"--kubelet-client-key={key('kubelet-client')}",
        f"--kubelet-certificate-authority={certificate(CA)}",
        # Else `kubectl exec` and `logs` look the nodes' names up in DNS.
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={paths.PKI / 'service-account.pub'}",
        f"--service-account-signing-key-file={key('service-account')}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        # Aggregated API servers are pods: no kube-proxy runs here, so go to them and not to their Service.
        "--enable-aggregator-routing=true",
        f"--requestheader-client-ca-file={certificate(FRONT_PROXY_CA)}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={certificate('front-proxy-client')}",
        f"--proxy-client-key-file={key('front-proxy-client')}",
        # A dead node's pods move within a minute instead of after five.
        "--default-not-ready-toleration-seconds=30",
        "--default-unreachable-toleration-seconds=30",
        f"--audit-policy-file={audit_policy()}",
        f"--audit-log-path={paths.AUDIT_LOG}",
        "--audit-log-maxsize=100",
        "--audit-log-maxbackup=2",
        "--profiling=false",
    ]


def controller_manager(settings: Settings) -> list[str]:
    return [
        "kube-controller-manager",
        f"--kubeconfig={paths.PKI / 'kube-controller-manager.conf'}",
        f"--service-account-private-key-file={key('service-account')}",
        f"--root-ca-file={certificate(CA)}",
        f"--cluster-signing-cert-file={certificate(CA)}",
        f"--cluster-signing-key-file={key(CA)}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--enable-hostpath-provisioner=true",
        f"--horizontal-pod-autoscaler-sync-period={settings.hpa_sync}",
        # With the kubelets' five-second leases: a dead node is noticed within 20 s.
        "--node-monitor-period=2s",
        "--node-monitor-grace-period=20s",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def scheduler() -> list[str]:
    return [
        "kube-scheduler",
        f"--kubeconfig={paths.PKI / 'kube-scheduler.conf'}",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def start(component: str, settings: Settings) -> None:
    """Starts one component unless it runs."""
    if is_running(component):
        return
    arguments: dict[str, Callable[[], list]] = {
        "etcd": etcd,
        "kube-apiserver": api_server,
        "kube-controller-manager": lambda: controller_manager(settings),
        "kube-scheduler": scheduler,
    }
    prefix: list[str | Path] = network.enter(network.CONTROL)
    if component == "kube-controller-manager":
        prefix = [*prefix, *_with_volumes()]
    processes.start(f"{GROUP}/{component}", [binary("kube"), *arguments[component]()], component, prefix)


COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


def stop(component: str) -> None:
    cgroups.kill([f"{GROUP}/{component}"])


def start_forward() -> None:
    """Opens the loopback port of the host that leads to the API server, and writes the admin's kubeconfig for it."""
    if is_running("forward"):
        return
    port = _free_port()
    arguments = [
        "forward",
        f"--listen=127.0.0.1:{port}",
        f"--netns={network.NAMESPACES / network.CONTROL}",
        f"--target={network.CONTROL_IP}:6443",
    ]
    processes.start(f"{GROUP}/forward", [binary("kube"), *arguments], "forward")
    write_kubeconfig(paths.KUBECONFIG, "admin", f"https://127.0.0.1:{port}")


def is_running(component: str) -> bool:
    return processes.running(f"{GROUP}/{component}", "kube")


def _with_volumes() -> list[str]:
    """Runs the rest of the command line in a mount namespace where our volumes lie where the provisioner wants them."""
    script = f'mount --bind {paths.VOLUMES} {VOLUME_MOUNT} && exec "$@"'
    return ["unshare", "--mount", "--", "sh", "-c", script, "sh"]


def _free_port() -> int:
    """The usual port, so that a kubeconfig stays good from one cluster to the next, unless somebody has it."""
    for port in (FORWARD_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise AssertionError("port 0 always binds")


# Who did what, without bodies. The operator's namespace is kept whole, because tests count its requests; the reads and
# heartbeats of Kubernetes itself are most of the traffic and nobody's question.
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  userGroups: ["system:serviceaccounts:scalablebackend-system"]
- level: None
  userGroups: ["system:nodes", "system:serviceaccounts:kube-system", "system:serviceaccounts:monitoring"]
  verbs: [get, list, watch]
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"]
  verbs: [get, list, watch]
- level: None
  userGroups: ["system:nodes", "system:masters"]
  resources: [{group: coordination.k8s.io, resources: [leases]}]
- level: None
  nonResourceURLs: ["/readyz*", "/livez*", "/healthz*", "/openapi*", "/api", "/api/*", "/apis", "/apis/*", "/version"]
- level: Metadata
"""
