"""The stage of the soak: the program under test, the namespace with its kinds, and what the watcher is told."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

from chaos.watch.objects import INFORMERS, KINDS, NAMESPACE, WIDGET_DEFINITION
from chaos.watch.server import Server, Unknown
from cluster import paths
from harness.cluster import REPOSITORY
from harness.failure import Failure
from harness.steps import say
from harness.wait import until

_BUILD_SECONDS = 1800.0
_DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{WIDGET_DEFINITION['metadata']['name']}"
_NAMESPACE = f"/api/v1/namespaces/{NAMESPACE}"

# Of each watch, in seconds: drawn from here, so that a stall is noticed and healed many times in a run.
WATCH_TIMEOUT_SECONDS = (15, 20)


def build_watcher() -> Path:
    """chaos_watch, compiled if need be."""
    done = subprocess.run([REPOSITORY / "setup/build.sh", "chaos_watch"], capture_output=True, text=True,
                          timeout=_BUILD_SECONDS)
    if done.returncode != 0:
        raise Failure(f"chaos_watch does not build:\n{done.stderr[-3000:]}")
    return REPOSITORY / "build/release/e2e/chaos/watch/chaos_watch"


def make_objects() -> None:
    """A fresh namespace and the custom resource, served."""
    remove_objects()
    server = Server()
    _create(server, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    _create(server, _DEFINITION.rsplit("/", 1)[0], WIDGET_DEFINITION)
    for kind in KINDS:
        until(lambda: server.call("GET", kind.collection).status == 200, 30, f"{kind.plural} are served")
    server.close()


def remove_objects() -> None:
    """What is left when this does not work is removed by the next run; a failure before it is more worth telling."""
    server = Server()
    try:
        for path in (_NAMESPACE, _DEFINITION):
            server.call("DELETE", path)
            until(lambda: server.call("GET", path).status == 404, 60, f"{path} is gone")
    except (Unknown, AssertionError) as problem:
        say(f"chaos watch: cannot clean up: {problem}")
    server.close()


def watcher_settings(port: int, folder: Path, lose_event: int) -> dict[str, Any]:
    """For chaos_watch, whose way to the API server leads through this port."""
    kubeconfig = folder / "kubeconfig"
    text = paths.KUBECONFIG.read_text()
    kubeconfig.write_text(re.sub(r"https://127\.0\.0\.1:\d+", f"https://127.0.0.1:{port}", text))
    kubeconfig.chmod(0o600)
    return {"kubeconfig": str(kubeconfig), "namespace": NAMESPACE, "lose_event": lose_event,
            "watch_timeout_s": list(WATCH_TIMEOUT_SECONDS), "informers": [watched.settings() for watched in INFORMERS]}


def _create(server: Server, path: str, thing: dict[str, Any]) -> None:
    for _ in range(50):   # the name may still be going away
        answer = server.call("POST", path, thing)
        if answer.status == 201:
            return
        time.sleep(0.2)
    raise Failure(f"POST {path}: {answer.status} {answer.body.get('message')}")
