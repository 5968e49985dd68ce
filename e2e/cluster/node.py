"""One node: a network, mount, process and host-name namespace with a containerd, a kubelet and a kube-proxy in it.

Its first process holds the namespaces. Ending that process is a power cut: the kernel ends everything in the node,
containers and their shims included, and takes the node's mounts away. The node's disk (images, volumes) stays.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from cluster import cgroups, network, paths, processes
from cluster.certificates import CA, IN_CLUSTER_SERVER, certificate, issue, key, node_identity, write_kubeconfig
from cluster.components import binary
from cluster.control_plane import VOLUME_MOUNT
from cluster.waiting import wait_for

PAUSE_IMAGE = "localhost/pause:dev"
# In the node's view, these folders of the host are the node's own: the first part lies in its STATE folder.
OWN_FOLDERS = {
    "kubelet": "/var/lib/kubelet",
    "pods-log": "/var/log/pods",
    "containers-log": "/var/log/containers",
    "cni": "/etc/cni/net.d",
}
# The same, but in memory, so that a power cut empties them.
VOLATILE_FOLDERS = ("/run/containerd", "/var/lib/cni")
CNI_PROGRAMS = ("/usr/lib/cni", "/opt/cni/bin")


@dataclass(frozen=True)
class Node:
    index: int

    @property
    def name(self) -> str:
        return f"node{self.index}"

    @property
    def group(self) -> str:
        """Its control group and its network namespace."""
        return network.node_netns(self.index)

    @property
    def ip(self) -> str:
        return network.node_ip(self.index)

    @property
    def disk(self) -> Path:
        return paths.NODES / self.name

    @property
    def run(self) -> Path:
        return paths.RUN / self.name

    @property
    def containerd_socket(self) -> Path:
        return self.run / "containerd.sock"


def mount_points() -> list[str]:
    """Folders of the host that must exist for the nodes to mount theirs over."""
    return [*OWN_FOLDERS.values(), *VOLATILE_FOLDERS, VOLUME_MOUNT]


def is_powered(node: Node) -> bool:
    return processes.running(f"{node.group}/system/init", "pause")


def is_healthy(node: Node) -> bool:
    """Whether every process of the node runs."""
    programs = {"init": "pause", "containerd": "containerd", "kubelet": "kube", "kube-proxy": "kube"}
    return all(processes.running(f"{node.group}/system/{part}", program) for part, program in programs.items())


def power_on(node: Node, all_nodes: list[Node]) -> None:
    """Makes the namespaces and starts containerd; on return its socket answers."""
    for folder in (*(node.disk / own for own in OWN_FOLDERS), node.run, paths.VOLUMES):
        folder.mkdir(parents=True, exist_ok=True)
    network.attach(node.group, node.ip)
    network.route_pods(node.group, [other.index for other in all_nodes])
    cgroups.create_everywhere(node.group)
    # First what the node's own files say, then the processes that read them.
    (node.disk / "cni" / "10-pods.conflist").write_text(cni_config(node))
    (node.disk / "containerd.toml").write_text(containerd_config(node))
    _start_init(node)
    _start(node, "containerd", ["containerd", "-c", node.disk / "containerd.toml"])
    wait_for(
        f"containerd of {node.name}",
        node.containerd_socket.exists,
        20,
        hint=f"its log: {processes.tail(f'{node.name}-containerd')}",
        every=0.05,
    )


def join(node: Node) -> None:
    """Starts the kubelet and the kube-proxy, which register the node and keep it in the cluster."""
    if not certificate(node.name).exists():
        issue(node_identity(node.name, node.ip))
        write_kubeconfig(paths.PKI / f"{node.name}.conf", node.name, IN_CLUSTER_SERVER)
    (node.disk / "kubelet.yaml").write_text(kubelet_config(node))
    (node.disk / "kube-proxy.yaml").write_text(proxy_config(node))
    _start(node, "kubelet", [
        binary("kube"),
        "kubelet",
        f"--config={node.disk / 'kubelet.yaml'}",
        f"--kubeconfig={paths.PKI / f'{node.name}.conf'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.ip}",
        f"--node-labels=topology.kubernetes.io/zone=zone-{node.index}",
    ])
    _start(node, "kube-proxy", [binary("kube"), "kube-proxy", f"--config={node.disk / 'kube-proxy.yaml'}"])


def power_off(node: Node) -> None:
    """Ends the node at once, as a power cut would: nobody is told, and its address falls silent."""
    cgroups.kill([node.group])
    network.detach(node.group)
    cgroups.remove(node.group)
    shutil.rmtree(node.run, ignore_errors=True)


def _start_init(node: Node) -> None:
    namespaces = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc", "--"]
    (node.run / "init.sh").write_text(init_script(node))
    command = [*namespaces, "sh", node.run / "init.sh"]
    processes.start(f"{node.group}/system/init", command, f"{node.name}-init", network.enter(node.group))
    wait_for(
        f"namespaces of {node.name}",
        lambda: is_powered(node),
        10,
        hint=f"the log {paths.LOG / f'{node.name}-init.log'} says why",
        every=0.02,
    )


def init_script(node: Node) -> str:
    """What the node's first process does before it becomes `pause`: put the node's own folders in place."""
    own = [f"mount --bind {node.disk / own} {where}" for own, where in OWN_FOLDERS.items()]
    volatile = [f"mount -t tmpfs {node.name} {where}" for where in VOLATILE_FOLDERS]
    return "\n".join([
        "set -e",
        f"hostname {node.name}",
        *own,
        *volatile,
        f"mount --bind {paths.VOLUMES} {VOLUME_MOUNT}",
        # Kubelet and containers hand mounts to each other, within the node.
        "mount --make-rshared /",
        f"exec {binary('pause')}",
        "",
    ])


def _start(node: Node, part: str, argv: list[str | Path]) -> None:
    enter = ["nsenter", "--target", str(_init_pid(node)), "--mount", "--pid", "--net", "--uts", "--ipc", "--"]
    processes.start(f"{node.group}/system/{part}", argv, f"{node.name}-{part}", enter)


def _init_pid(node: Node) -> int:
    """The host's id of the node's process 1."""
    for pid in cgroups.processes(f"{node.group}/system/init"):
        status = Path(f"/proc/{pid}/status").read_text()
        ids = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
        if len(ids) > 1 and ids[-1] == "1":
            return pid
    raise AssertionError(f"{node.name} is powered, so it has a first process")


def cni_config(node: Node) -> str:
    """Pods are routed one by one (ptp) and not bridged: their traffic always passes the node's service rules."""
    return f"""{{"cniVersion": "1.0.0", "name": "pods", "plugins": [
 {{"type": "ptp", "ipMasq": false,
  "ipam": {{"type": "host-local", "dataDir": "/var/lib/cni/addresses",
           "ranges": [[{{"subnet": "{network.pod_range(node.index)}"}}]], "routes": [{{"dst": "0.0.0.0/0"}}]}}}},
 {{"type": "portmap", "capabilities": {{"portMappings": true}}}}]}}
"""


def containerd_config(node: Node) -> str:
    programs = next((folder for folder in CNI_PROGRAMS if Path(folder, "ptp").exists()), CNI_PROGRAMS[0])
    return f"""version = 2
root = "{node.disk / 'containerd'}"
state = "/run/containerd"
oom_score = 0
[grpc]
  address = "{node.containerd_socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{programs}"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def kubelet_config(node: Node) -> str:
    return f"""apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {certificate(CA)}}}
authorization: {{mode: Webhook}}
tlsCertFile: {certificate(node.name)}
tlsPrivateKeyFile: {key(node.name)}
containerRuntimeEndpoint: unix://{node.containerd_socket}
cgroupDriver: cgroupfs
cgroupRoot: /{node.group}
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
resolvConf: ""
clusterDNS: [{network.DNS_SERVICE_IP}]
clusterDomain: cluster.local
enableControllerAttachDetach: true
makeIPTablesUtilChains: false
nodeLeaseDurationSeconds: 20
nodeStatusUpdateFrequency: 5s
imageGCHighThresholdPercent: 100
evictionHard: {{memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}}
"""


def proxy_config(node: Node) -> str:
    return f"""apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: {network.POD_RANGE}
hostnameOverride: {node.name}
clientConnection: {{kubeconfig: {paths.PKI / 'kube-proxy.conf'}}}
# The connection table's limits belong to the machine.
conntrack: {{maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
"""
