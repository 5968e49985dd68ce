"""The cluster as a whole: up, down, and what it is like now."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from cluster import addons, api, certificates, cgroups, components, control_plane, dns, images, network, node, paths
from cluster import state
from cluster.control_plane import Settings
from cluster.errors import ClusterError
from cluster.node import Node
from cluster.progress import Progress, say
from cluster.waiting import wait_for

DEFAULT_NODES = 3
# For a hung start: a compiler may have the cores meanwhile.
API_SECONDS = 150
NODE_SECONDS = 150
SERVICE_SECONDS = 120
OTHER_STEPS = 5  # of a start, beside one for each node


def up(count: int | None, settings: Settings) -> None:
    """Brings the cluster up with this many nodes: from nothing, from what a crash has left, or by adding what lacks.
    Without any it is the control plane alone, and has no addons: they are pods."""
    if count is not None and not 0 <= count <= network.MAX_NODES:
        raise ClusterError(f"--nodes {count}: choose 0 to {network.MAX_NODES}")
    components.build(components.needed(count))
    state.refuse_foreign()
    facts = state.read_facts()
    if facts and control_plane.is_running("etcd"):
        _repair(facts, len(facts["nodes"]) if count is None else count)
    else:
        clean_up()
        _start([Node(index) for index in range(1, (DEFAULT_NODES if count is None else count) + 1)], settings)


def clean_up() -> None:
    """Ends everything of ours, whether it is a healthy cluster or the remains of a killed one. Leaves nothing."""
    paths.FACTS.unlink(missing_ok=True)  # from here on it is no cluster any more
    groups = cgroups.ours()
    if groups:
        cgroups.kill(groups)
    for netns in network.ours():
        network.detach(netns)
    for group in groups:
        cgroups.remove(group)
    state.remove_folders()
    network.release()


def nodes() -> list[Node]:
    return [Node(entry["index"]) for entry in state.require_facts()["nodes"]]


def find_node(name: str) -> Node:
    for candidate in nodes():
        if candidate.name == name:
            return candidate
    raise ClusterError(f"no node {name}; there are {', '.join(entry.name for entry in nodes())}")


def start_node(target: Node) -> None:
    """Powers the node on and waits until it is Ready and its Services answer."""
    if node.is_healthy(target):
        return
    node.power_off(target)  # what is left of it
    node.power_on(target, nodes())
    _join(target)
    _wait_for_services(target)


def restart_control_plane() -> None:
    """Restarts every component; etcd keeps its data, nodes and pods go on."""
    settings = Settings(**state.require_facts()["settings"])
    for component in reversed(control_plane.COMPONENTS):
        control_plane.stop(component)
    start_control_plane(settings)


def start_control_plane(settings: Settings) -> None:
    """Starts the components that do not run, in the order in which they need each other."""
    control_plane.start("etcd", settings)
    control_plane.start("kube-apiserver", settings)
    control_plane.start_forward()
    wait_for("API server ready", api.is_ready, API_SECONDS, hint=f"its log: {paths.LOG}/kube-apiserver.log")
    control_plane.start("kube-controller-manager", settings)
    control_plane.start("kube-scheduler", settings)


def _start(wanted: list[Node], settings: Settings) -> None:
    progress = Progress("cluster", len(wanted) + OTHER_STEPS if wanted else 1)
    archives = images.essential() if wanted else []
    state.claim()
    state.mount_points().create(node.mount_points())
    control_plane.prepare()
    network.create_fabric()
    network.attach(network.CONTROL, network.CONTROL_IP)
    network.route_pods(network.CONTROL, [entry.index for entry in wanted])

    with ThreadPoolExecutor(max_workers=len(wanted) + 1) as pool:
        control = pool.submit(start_control_plane, settings)
        joined = [pool.submit(_bring_up, entry, wanted, archives, control, progress) for entry in wanted]
        control.result()
        progress.done("control plane ready")
        if wanted:
            addons.apply()
        for future in joined:
            future.result()
    if wanted:
        _wait_for_addons(wanted, progress)
    state.write_facts(_facts(wanted, settings))
    say(f"cluster: up nodes={len(wanted)} seconds={progress.seconds():.0f}")


def _bring_up(target: Node, wanted: list[Node], archives: list, control: Future, progress: Progress) -> None:
    """One node, beside the others and the control plane: everything up to its registration needs no API server."""
    node.power_on(target, wanted)
    images.load_node(archives, target)
    control.result()
    _join(target)
    progress.done(f"{target.name} ready")


def _join(target: Node) -> None:
    """Starts what makes it a node, and waits for its own word that it is Ready: the API server's may be from before."""
    since = api.timestamp()
    node.join(target)
    _wait_until_ready(target, since)


def _wait_until_ready(target: Node, since: str = "") -> None:
    path = f"/api/v1/nodes/{target.name}"
    logs = f"its log: {paths.LOG}/{target.name}-kubelet.log"
    registered = wait_for(f"{target.name} registered", lambda: api.get(path), NODE_SECONDS, hint=logs)
    # The launcher hands out the pod ranges: the node's network was set up before the API server knew of it.
    if "podCIDR" not in registered["spec"]:
        pods = network.pod_range(target.index)
        api.patch(path, {"spec": {"podCIDR": pods, "podCIDRs": [pods]}})
    wait_for(f"{target.name} ready", lambda: api.condition(path, "Ready", since), NODE_SECONDS, hint=logs)


def _wait_for_services(target: Node) -> None:
    wait_for(
        f"Services answering on {target.name}",
        lambda: network.inside(target.group, dns.answers),
        SERVICE_SECONDS,
        hint=f"its proxy's log: {paths.LOG}/{target.name}-kube-proxy.log",
    )


def _wait_for_addons(wanted: list[Node], progress: Progress) -> None:
    def services() -> None:
        addons.wait_for_deployment("CoreDNS")
        progress.done("CoreDNS ready")
        for target in wanted:
            _wait_for_services(target)
        progress.done("Services answer on every node")

    def prometheus() -> None:
        addons.wait_for_deployment("Prometheus")
        progress.done("Prometheus ready")

    def metrics() -> None:
        addons.wait_for_metrics()
        progress.done("metrics API available")

    def more_images() -> None:
        images.load(images.handy(), wanted)

    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(work) for work in (services, prometheus, metrics, more_images)]:
            future.result()


def _repair(facts: dict[str, Any], count: int) -> None:
    """Starts what does not run of a cluster whose data is there, and adds nodes that are asked for."""
    settings = Settings(**facts["settings"])
    known = len(facts["nodes"])
    if count and not known:
        raise ClusterError("this cluster is a control plane without addons; to have nodes, run `down` first")
    if count < known:
        say(f"cluster: keeping its {known} nodes; to have {count}, run `down` first")
    wanted = [Node(index) for index in range(1, max(count, known) + 1)]
    progress = Progress("cluster", len(wanted) + OTHER_STEPS)
    start_control_plane(settings)
    broken = [entry for entry in wanted if not node.is_healthy(entry)]
    for entry in wanted:
        if entry not in broken and not network.link_is_up(entry.group):
            network.set_link(entry.group, up=True)
    if broken:
        _add(broken, wanted, progress)
        state.write_facts(_facts(wanted, settings))
    for entry in wanted:
        _wait_until_ready(entry)
        _wait_for_services(entry)
    say(f"cluster: up nodes={len(wanted)} seconds={progress.seconds():.0f}")


def _add(broken: list[Node], wanted: list[Node], progress: Progress) -> None:
    archives = images.essential() + images.handy()
    indexes = [entry.index for entry in wanted]
    for netns in (network.CONTROL, *(entry.group for entry in wanted if entry not in broken)):
        network.route_pods(netns, indexes)
    running: Future = Future()
    running.set_result(None)
    for entry in broken:
        node.power_off(entry)
    with ThreadPoolExecutor() as pool:
        joining = [pool.submit(_bring_up, entry, wanted, archives, running, progress) for entry in broken]
        for future in joining:
            future.result()


def _facts(wanted: list[Node], settings: Settings) -> dict[str, Any]:
    return {
        "kubeconfig": str(paths.KUBECONFIG),
        "server": f"https://127.0.0.1:{api.port()}",
        "audit_log": str(paths.AUDIT_LOG),
        "log_dir": str(paths.LOG),
        "state": str(paths.STATE),
        "bin": str(components.bin_folder()),
        "kubernetes": components.KUBERNETES,
        "settings": settings.__dict__,
        "control_plane": {"ip": network.CONTROL_IP, "netns": network.CONTROL},
        "ca": str(certificates.certificate(certificates.CA)),
        "nodes": [
            {
                "index": entry.index,
                "name": entry.name,
                "ip": entry.ip,
                "netns": entry.group,
                "pods": network.pod_range(entry.index),
                "containerd": str(entry.containerd_socket),
            }
            for entry in wanted
        ],
    }
