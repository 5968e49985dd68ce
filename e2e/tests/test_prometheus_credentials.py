"""A Prometheus behind TLS and a login: what is missing or wrong is said by name, and mended without a restart."""

import json
import subprocess
from pathlib import Path

import pytest

from harness import release
from harness.backend import Backend, autoscaling

USER, PASSWORD = "scaler", "correct-horse"
# bcrypt of PASSWORD, as Prometheus wants it.
HASH = "$2b$05$MrJmgEG1wYDu8WsEEX.je.ND.1jzueUd/YOdJDz1nsnUlhZQfIbUq"
LABELS = {"app.kubernetes.io/name": "guarded-prometheus"}


def certificate(folder: Path, host: str) -> tuple[str, str]:
    """PEM of a certificate for `host` that is its own authority, and of its key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "tls.key", "-out", folder / "tls.crt", "-subj", f"/CN={host}", "-days", "2",
                    "-addext", f"subjectAltName=DNS:{host}"], check=True, capture_output=True)
    return (folder / "tls.crt").read_text(), (folder / "tls.key").read_text()


@pytest.fixture
def guarded(kube, cluster, namespace, tmp_path) -> tuple[str, str]:
    """Its url and the PEM of its authority."""
    host = f"prometheus.{namespace}.svc"
    crt, key = certificate(tmp_path, host)
    web = {"tls_server_config": {"cert_file": "/etc/prometheus/tls.crt", "key_file": "/etc/prometheus/tls.key"},
           "basic_auth_users": {USER: HASH}}
    kube.create("Secret", namespace, {"metadata": {"name": "guarded-prometheus"}, "stringData": {
        "prometheus.yml": "global: {}\n", "web.yml": json.dumps(web), "tls.crt": crt, "tls.key": key}})
    safe = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    kube.create("Deployment", namespace, {"metadata": {"name": "guarded-prometheus"}, "spec": {
        "selector": {"matchLabels": LABELS},
        "template": {"metadata": {"labels": LABELS}, "spec": {
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "fsGroup": 65534,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "prometheus", "image": cluster.image("prometheus:dev"), "imagePullPolicy": "IfNotPresent",
                "args": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data",
                         "--web.config.file=/etc/prometheus/web.yml"],
                "readinessProbe": {"tcpSocket": {"port": 9090}, "periodSeconds": 1},
                "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
                "securityContext": safe,
                "volumeMounts": [{"name": "configuration", "mountPath": "/etc/prometheus", "readOnly": True},
                                 {"name": "storage", "mountPath": "/data"}]}],
            "volumes": [{"name": "configuration", "secret": {"secretName": "guarded-prometheus"}},
                        {"name": "storage", "emptyDir": {}}]}}}})
    kube.create("Service", namespace, {"metadata": {"name": "prometheus"}, "spec": {
        "selector": LABELS, "ports": [{"port": 9090}]}})
    kube.until("Deployment", namespace, lambda found: found and found[0].get("status", {}).get("availableReplicas"), 150,
               "Prometheus serves", name="guarded-prometheus")
    return f"https://{host}:9090", crt


def scaled(engine: str, query: str) -> dict:
    return autoscaling(1, least=1, most=8, engine=engine, metrics=[
        {"type": "Prometheus", "name": "given", "query": query, "target": {"averageValue": "2"}}])


def until_count(kube, backend: Backend, count: int, seconds: float, what: str = ""):
    kube.until("Deployment", backend.namespace, lambda found: found and found[0]["spec"].get("replicas") == count,
               seconds, what or f"{count} replicas", name="todo-api")


def test_login_and_authority_from_a_secret(backend, kube, cluster, guarded):
    url, authority = guarded
    key = {"name": "prometheus-login"}
    backend.apply(
        api={"replicas": None, "autoscaling": scaled("Direct", "vector(8)")},
        monitoring={"prometheus": {
            "url": url, "tls": {"ca": key | {"key": "ca.crt"}},
            "basicAuth": {"username": key | {"key": "username"}, "password": key | {"key": "password"}}}})
    backend.until_condition("ScalingActive", "False", 120, "CredentialsMissing",
                            (f"Secret {backend.namespace}/prometheus-login does not exist", "replicas hold"))

    secret = {"metadata": {"name": "prometheus-login"}, "stringData": {
        "username": USER, "password": "hunter2-hunter2", "ca.crt": authority}}
    kube.create("Secret", backend.namespace, secret)
    backend.until_condition("ScalingActive", "False", 120, "CredentialsRefused", (url, "401"))
    kube.patch("Secret", backend.namespace, "prometheus-login", {"stringData": {"password": PASSWORD + "\n"}})
    until_count(kube, backend, 4, 120)
    backend.until_condition("ScalingActive", "True", 120)

    # The other engine asks with the same credentials, by way of the metrics API.
    backend.apply(api={"autoscaling": scaled("HPA", "vector(12)")})
    until_count(kube, backend, 6, 150)

    # An authority that is another one: nobody is asked, nothing is scaled in.
    kube.patch("Secret", backend.namespace, "prometheus-login", {"stringData": {"ca.crt": "no PEM"}})
    backend.apply(api={"autoscaling": scaled("Direct", "vector(12)")})
    backend.until_condition("ScalingActive", "False", 120, "CredentialsMissing",
                            (f"Secret {backend.namespace}/prometheus-login cannot be used for TLS", "replicas hold"))
    backend.apply(api={"autoscaling": scaled("Direct", "vector(2)")})
    with pytest.raises(AssertionError, match="fewer"):
        until_count(kube, backend, 1, 25, "fewer")

    logs = cluster.kubectl("--namespace", release.NAMESPACE, "logs", f"deployment/{release.NAME}", "--tail=-1")
    events = cluster.kubectl("--namespace", backend.namespace, "get", "events", "-o", "json")
    for text in (logs, events, json.dumps(backend.object())):
        for value in (PASSWORD, "hunter2-hunter2"):
            assert value not in text
