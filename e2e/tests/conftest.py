"""Fixtures: the cluster with the operator in it, a namespace and a backend a test, load. One operator for all tests."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from harness import cluster as clusters
from harness import dump, release
from harness.api import Api
from harness.backend import Backend, small_spec
from harness.cluster import OUT, Cluster
from harness.k6 import Phase
from harness.kube import Kube
from harness.load import LoadRun
from harness.namespaces import SELECTOR, fresh_namespace
from harness.timeline import Timeline

_FIGURES: dict[str, str] = {}


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return clusters.current()


@pytest.fixture(scope="session")
def kube(cluster: Cluster) -> Kube:
    return Kube(cluster.kubeconfig)


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Iterator[Api]:
    with Api.open(cluster.kubectl_path, cluster.kubeconfig) as api:
        yield api


@pytest.fixture(scope="session")
def audit_start(cluster: Cluster) -> int:
    """Where the audit log ended when the tests began: an uninstallation before has refusals of its own."""
    return cluster.audit_log.stat().st_size if cluster.audit_log else 0


@pytest.fixture(scope="session")
def operator(kube: Kube, audit_start: int) -> None:
    """The operator that e2e/test installed, available. What a killed run has left is removed."""
    for leftover in kube.list("Namespace", None, SELECTOR):
        kube.delete("Namespace", None, leftover["metadata"]["name"])
    kube.until("Deployment", release.NAMESPACE,
               lambda found: found and found[0].get("status", {}).get("availableReplicas", 0) >= 1,
               150, "the operator is available", name=release.NAME)


@pytest.fixture
def namespace(request: pytest.FixtureRequest, kube: Kube, operator: None) -> Iterator[str]:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:40].strip("-")
    with fresh_namespace(kube, name) as made:
        yield made


@pytest.fixture
def backend(kube: Kube, api: Api, namespace: str) -> Backend:
    """A small one, not applied yet."""
    return Backend(kube, api, namespace, small_spec())


class Load:
    """Load on a backend while the test does something else."""

    def __init__(self, run: LoadRun, done: "Future[dict[str, Any]]") -> None:
        self._run = run
        self._done = done

    @property
    def timeline(self) -> Timeline:
        return self._run.timeline

    def await_phase(self, name: str, seconds: float) -> bool:
        return self._run.await_phase(name, seconds)

    def result(self) -> dict[str, Any]:
        return self._done.result(timeout=500)

    def assert_no_failed_request(self) -> dict[str, Any]:
        summary = self.result()
        assert summary["errors"] == 0, f"{summary['errors']} of {summary['requests']}: {summary['unexpected'][:10]}"
        assert summary["requests"] > 0
        return summary


@pytest.fixture
def load(api: Api) -> Iterator[Callable[[Backend, list[Phase]], Load]]:
    """Starts k6 in the backend's namespace; returns when the first request has been sent."""
    with ThreadPoolExecutor(4, "load") as threads:

        def start(backend: Backend, phases: list[Phase]) -> Load:
            run = LoadRun(api, backend.namespace, backend.name, backend.namespace, phases)
            load = Load(run, threads.submit(run.execute))
            assert run.await_phase(phases[0].name, 240), f"no load: {load.result()}"
            return load

        yield start


@pytest.fixture
def figure() -> Callable[[str, float], None]:
    """Notes a measured figure for the end of the output: timed claims are read there, not asserted."""

    def note(name: str, value: float) -> None:
        _FIGURES[name] = f"{value:.1f}" if isinstance(value, float) else str(value)

    return note


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_terminal_summary(terminalreporter) -> None:
    if _FIGURES:
        terminalreporter.write_line("e2e: " + " ".join(f"{name}={value}" for name, value in sorted(_FIGURES.items())))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = (yield).get_result()
    fixtures = getattr(item, "funcargs", {})
    if report.failed and call.when in ("setup", "call") and "cluster" in fixtures:
        place = next((fixture.namespace for fixture in fixtures.values() if isinstance(fixture, Backend)), None)
        folder = OUT / "e2e" / re.sub(r"[^\w.-]+", "_", item.name)
        shutil.rmtree(folder, ignore_errors=True)
        dump.write(fixtures["cluster"], place, folder)
        report.sections.append(("evidence", str(folder)))
