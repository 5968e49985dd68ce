"""Argo CD and Flux apply the same manifest every few minutes: they must find what they wrote, and nothing to do."""

import json

import pytest


@pytest.mark.parametrize("how", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_a_second_apply_finds_no_difference(backend, cluster, how):
    """A field that the operator writes into spec makes a GitOps tool and the operator overwrite each other for ever."""
    manifest = json.dumps({"apiVersion": "scalablebackend.io/v1alpha1", "kind": "ScalableBackend",
                           "metadata": {"name": backend.name, "namespace": backend.namespace}, "spec": backend.spec})
    cluster.kubectl("apply", *how, "-f", "-", stdin=manifest)
    backend.until_ready()
    before = backend.object()
    cluster.kubectl("diff", *how, "-f", "-", stdin=manifest)   # exit 1, and so a Failure, if anything differs
    said = cluster.kubectl("apply", *how, "-f", "-", stdin=manifest)
    assert "unchanged" in said or "serverside-applied" in said, said
    after = backend.object()
    assert after["metadata"]["generation"] == before["metadata"]["generation"] == 1
    assert after["spec"] == backend.spec


def test_the_operator_owns_nothing_of_the_spec(backend):
    """managedFields is what server-side apply decides conflicts by."""
    backend.apply().until_ready()
    for entry in backend.object()["metadata"]["managedFields"]:
        if entry["manager"].startswith("scalablebackend"):
            assert entry.get("subresource") == "status", entry
            assert set(entry["fieldsV1"]) <= {"f:status"}, entry
