"""The command line: `run COMMAND`. Answers go to stdout, progress and errors to stderr."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from cluster import api, components, control_plane, images, lifecycle, network, node, paths, state
from cluster.control_plane import Settings
from cluster.errors import ClusterError
from cluster.locking import exclusive
from cluster.progress import say

LOCK = paths.CACHE / "cluster.lock"
LOCK_SECONDS = 600


def main() -> int:
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    own, passed_on = split(sys.argv[1:])
    arguments = _parser().parse_args(own)
    arguments.passed_on = passed_on
    try:
        if os.geteuid() != 0 and arguments.command not in ("build", "bin"):
            raise ClusterError("namespaces and control groups need root; run as root")
        arguments.action(arguments)
    except ClusterError as error:
        say(f"cluster: {error}")
        return 1
    except KeyboardInterrupt:
        say("cluster: interrupted; `up` cleans up and starts again, `down` cleans up")
        return 130
    return 0


def split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments and those for the program that we become: flags among the latter are none of ours."""
    ours = {"kubectl": 1, "exec": 2}.get(argv[0] if argv else "", len(argv))
    return argv[:ours], argv[ours:]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run", description="A real multi-node Kubernetes on this one machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, action, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary)
        added.set_defaults(action=action)
        return added

    up = command("up", _up, "start the cluster, or what is missing of it")
    up.add_argument("--nodes", type=int, help=f"how many nodes ({lifecycle.DEFAULT_NODES}, or as many as there are; "
                    "0: the control plane alone)")
    up.add_argument("--hpa-sync", default=Settings.hpa_sync, help="how often the HPA decides (%(default)s)")
    command("down", _down, "end the cluster and remove everything it had")
    command("status", _status, "what runs, and where its logs are")
    command("build", lambda _: components.build(), "only build the components into the cache")
    command("bin", lambda _: print(components.bin_folder()), "print the folder of kubectl, helm, k6, kustomize, ...")
    command("kubeconfig", _kubeconfig, "print the path of the administrator's kubeconfig")
    command("kubectl", _kubectl, "run kubectl ARGUMENT... against the cluster")
    load = command("load-image", _load_image, "put the images of docker-archives into every node")
    load.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    one_node = command("node", _node, "cut or restore one node's power or network")
    one_node.add_argument("verb", choices=("stop", "start", "partition", "heal"))
    one_node.add_argument("name", metavar="NAME")
    execute = command("exec", _exec, "run NODE ARGUMENT... in a node's network namespace (or in that of `control`)")
    execute.add_argument("name", metavar="NODE")
    api_server = command("apiserver", _api_server, "stop or start the API server alone")
    api_server.add_argument("verb", choices=("stop", "start"))
    control = command("control-plane", _control_plane, "restart etcd, API server, controller manager and scheduler")
    control.add_argument("verb", choices=("restart",))
    return parser


def _changing():
    return exclusive(LOCK, "changes the cluster", LOCK_SECONDS)


def _up(arguments: argparse.Namespace) -> None:
    components.build(components.needed(arguments.nodes))
    with _changing():
        lifecycle.up(arguments.nodes, Settings(hpa_sync=arguments.hpa_sync))


def _down(_: argparse.Namespace) -> None:
    with _changing():
        state.refuse_foreign()
        lifecycle.clean_up()
    say("cluster: down")


def _status(_: argparse.Namespace) -> None:
    facts = state.require_facts()
    print(f"kubeconfig  {facts['kubeconfig']}   {facts['server']}")
    print(f"audit log   {facts['audit_log']}")
    print(f"logs        {facts['log_dir']}")
    print(f"programs    {facts['bin']}")
    for component in (*control_plane.COMPONENTS, "forward"):
        print(f"{component:<24} {'running' if control_plane.is_running(component) else 'STOPPED'}")
    for entry in lifecycle.nodes():
        print(f"{entry.name:<24} {_node_state(entry)}   {entry.ip}   {network.pod_range(entry.index)}")


def _node_state(entry: node.Node) -> str:
    if not node.is_powered(entry):
        return "stopped"
    if not network.link_is_up(entry.group):
        return "partitioned"
    if not node.is_healthy(entry):
        return "BROKEN (a process has ended; `run up` restarts it)"
    return "ready" if api.condition(f"/api/v1/nodes/{entry.name}", "Ready") else "NOT READY"


def _kubeconfig(_: argparse.Namespace) -> None:
    print(state.require_facts()["kubeconfig"])


def _kubectl(arguments: argparse.Namespace) -> None:
    if not paths.KUBECONFIG.exists():
        raise ClusterError("no cluster is up; run `up`")
    os.environ["KUBECONFIG"] = str(paths.KUBECONFIG)
    os.execv(components.binary("kube"), ["kube", "kubectl", *arguments.passed_on])


def _load_image(arguments: argparse.Namespace) -> None:
    powered = [entry for entry in lifecycle.nodes() if node.is_powered(entry)]
    for line in images.load(arguments.archives, powered):
        say(f"cluster: {line}")


def _node(arguments: argparse.Namespace) -> None:
    with _changing():
        target = lifecycle.find_node(arguments.name)
        if arguments.verb == "stop":
            node.power_off(target)
        elif arguments.verb == "start":
            lifecycle.start_node(target)
        elif node.is_powered(target):
            network.set_link(target.group, up=arguments.verb == "heal")
        else:
            raise ClusterError(f"{target.name} is stopped and has no cable to cut or mend; run `node start` first")
    say(f"cluster: {target.name}: {arguments.verb} done")


def _exec(arguments: argparse.Namespace) -> None:
    netns = network.CONTROL if arguments.name == "control" else lifecycle.find_node(arguments.name).group
    if not network.exists(netns):
        raise ClusterError(f"{arguments.name} is stopped; run `node start {arguments.name}` first")
    command = arguments.passed_on or [os.environ.get("SHELL", "/bin/sh")]
    try:
        os.execvp("nsenter", [*network.enter(netns), *command])
    except OSError as problem:
        raise ClusterError(f"{shlex.join(command)}: {problem}") from problem


def _api_server(arguments: argparse.Namespace) -> None:
    settings = Settings(**state.require_facts()["settings"])
    with _changing():
        if arguments.verb == "stop":
            control_plane.stop("kube-apiserver")
        else:
            lifecycle.start_control_plane(settings)
    say(f"cluster: API server: {arguments.verb} done")


def _control_plane(_: argparse.Namespace) -> None:
    with _changing():
        lifecycle.restart_control_plane()
    say("cluster: control plane restarted")


if __name__ == "__main__":
    sys.exit(main())
