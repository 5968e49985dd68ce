"""Namespaces of tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness import cluster as clusters
from harness import dump
from harness.cluster import OUT
from harness.kube import Kube

# By it a test finds what the others have left.
SELECTOR = "scalablebackend.io/e2e=test"


@contextmanager
def fresh_namespace(kube: Kube, name: str) -> Iterator[str]:
    """A namespace that refuses every pod that is not restricted. Its deletion is not waited for."""
    key, value = SELECTOR.split("=")
    made = kube.create("Namespace", None, {"metadata": {"generateName": f"e2e-{name}-", "labels": {
        key: value, "pod-security.kubernetes.io/enforce": "restricted"}}})["metadata"]["name"]
    try:
        # Made by a controller of its own; who creates a pod before it is there is refused after a second or two.
        kube.until("ServiceAccount", made, lambda found: found, 60, "the default service account", name="default")
        yield made
    except Exception:  # a set-up in here that failed: there is no test to look for its evidence
        dump.write(clusters.current(), made, OUT / "e2e" / name)
        raise
    finally:
        kube.delete("Namespace", None, made)
