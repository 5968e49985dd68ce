"""The count of a backend's API, waited for or watched not to change."""

import time
from collections.abc import Callable

from harness.backend import Backend
from harness.kube import Kube


def until_count(kube: Kube, backend: Backend, count: int, seconds: float = 120, held: int | None = None) -> None:
    """`held`: until then it is this one and no other."""
    def reached(found: list[dict]) -> bool:
        now = found[0]["spec"].get("replicas")
        assert held is None or now in (held, count), f"{now} replicas on the way from {held} to {count}"
        return now == count
    kube.until("Deployment", backend.namespace, reached, seconds, f"{count} replicas", name=f"{backend.name}-api")


def until_told(kube: Kube, backend: Backend, wanted: Callable[[dict], bool], what: str, seconds: float = 90) -> dict:
    """What the status says of the API's autoscaling, as soon as it says this: it follows the count, a moment later."""
    def told(found: list[dict]) -> dict | None:
        status = found[0].get("status", {}).get("autoscaling", {}).get("api", {})
        return status if wanted(status) else None
    return kube.until("ScalableBackend", backend.namespace, told, seconds, what, name=backend.name)


def count(kube: Kube, backend: Backend) -> int:
    return kube.get("Deployment", backend.namespace, f"{backend.name}-api")["spec"]["replicas"]


def assert_unchanged(kube: Kube, backend: Backend, expected: int, seconds: float) -> None:
    """Nothing to wait for: that nothing happens is the point."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert count(kube, backend) == expected
        time.sleep(1)
