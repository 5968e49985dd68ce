"""Network namespaces of the cluster, none of which has a route out of this machine.

    sb-fabric    the bridge, one port a member; taking a port down is a network partition
    sb-control   172.30.0.1: etcd, API server, controller manager, scheduler
    sb-node1     172.30.1.1: a node, whose pods have 10.244.1.0/24

A service address has a route onto the fabric, where nothing answers: a node's kube-proxy rewrites it before.
"""

import ctypes
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from cluster.errors import ClusterError

FABRIC = "sb-fabric"
CONTROL = "sb-control"
CONTROL_IP = "172.30.0.1"
BRIDGE = "sb0"
POD_RANGE = "10.244.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
MAX_NODES = 100

NAMESPACES = Path("/run/netns")
OURS = re.compile(r"sb-(fabric|control|node\d+)")
Result = TypeVar("Result")


def node_netns(index: int) -> str:
    return f"sb-node{index}"


def node_ip(index: int) -> str:
    return f"172.30.1.{index}"


def pod_range(index: int) -> str:
    return f"10.244.{index}.0/24"


def enter(netns: str) -> list[str]:
    """The command prefix that runs a program inside; `ip netns exec` would hide the control groups."""
    return ["nsenter", f"--net={NAMESPACES / netns}", "--"]


def exists(netns: str) -> bool:
    return (NAMESPACES / netns).exists()


def ours() -> list[str]:
    return sorted(path.name for path in NAMESPACES.glob("*") if OURS.fullmatch(path.name))


def create_fabric() -> None:
    _run("ip", "netns", "add", FABRIC)
    _ip(FABRIC, "link set lo up", f"link add {BRIDGE} type bridge", f"link set {BRIDGE} up")
    # Frames between nodes are nobody's to filter here.
    _sysctl(FABRIC, "net/bridge/bridge-nf-call-iptables", "0", optional=True)


def attach(netns: str, address: str) -> None:
    """Makes the namespace and plugs it into the fabric with this address."""
    _run("ip", "netns", "add", netns)
    _ip(FABRIC, f"link add {netns} type veth peer name eth0 netns {netns}", f"link set {netns} master {BRIDGE} up")
    _ip(
        netns,
        "link set lo up",
        f"address add {address}/16 dev eth0",
        "link set eth0 up",
        f"route add {SERVICE_RANGE} dev eth0",
    )
    _sysctl(netns, "net/ipv4/ip_forward", "1")


def route_pods(netns: str, nodes: Iterable[int]) -> None:
    """Routes every node's pods through that node."""
    _ip(netns, *(f"route replace {pod_range(n)} via {node_ip(n)}" for n in nodes if node_netns(n) != netns))


def detach(netns: str) -> None:
    """Removes the namespace; its end of the cable goes with it."""
    if exists(netns):
        _run("ip", "netns", "delete", netns)


def release() -> None:
    """`ip netns add` mounts its folder onto itself; with nobody's namespace left in it, that goes too."""
    if not NAMESPACES.exists() or any(NAMESPACES.iterdir()):
        return
    while _is_mount_point(NAMESPACES):
        _run("umount", str(NAMESPACES))
    NAMESPACES.rmdir()


def _is_mount_point(path: Path) -> bool:
    """Also of a folder mounted onto itself, which os.path.ismount does not see."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4] == str(path) for line in mounts)


def set_link(netns: str, up: bool) -> None:
    _ip(FABRIC, f"link set {netns} {'up' if up else 'down'}")


def link_is_up(netns: str) -> bool:
    shown = subprocess.run(["ip", "-n", FABRIC, "-br", "link", "show", netns], capture_output=True, text=True)
    return "<" in shown.stdout and "UP" in shown.stdout.split("<", 1)[1].split(">")[0].split(",")


def inside(netns: str, action: Callable[[], Result]) -> Result:
    """Runs `action` in a thread of its own inside the namespace: the sockets that it opens belong there."""
    results: list[Result] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            _set_namespace(NAMESPACES / netns)
            results.append(action())
        except BaseException as failure:  # handed to the caller's thread below
            failures.append(failure)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def _set_namespace(path: Path) -> None:
    clone_newnet = 0x40000000
    descriptor = os.open(path, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, clone_newnet) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {path}")
    finally:
        os.close(descriptor)


def _ip(netns: str, *commands: str) -> None:
    _run("ip", "-n", netns, "-batch", "-", text="\n".join(commands) + "\n")


def _sysctl(netns: str, key: str, value: str, optional: bool = False) -> None:
    script = f"test ! -e /proc/sys/{key} || " if optional else ""
    _run(*enter(netns), "sh", "-c", f"{script}echo {value} > /proc/sys/{key}")


def _run(*argv: str, text: str = "") -> None:
    finished = subprocess.run(argv, input=text, capture_output=True, text=True)
    if finished.returncode != 0:
        raise ClusterError(f"`{' '.join(argv)}` failed: {finished.stderr.strip()}; run as root, then `run down`")
