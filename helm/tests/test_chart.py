"""The chart installs what `kubectl apply -k manifests/default` does, and refuses values that nobody can mean.

    "$(setup/python.sh)" -m pytest helm/tests

helm and kustomize are taken from PATH or from the cluster's folder (e2e/cluster/run bin); no cluster is needed.
"""

import copy
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "helm" / "scalablebackend-operator"
NAMESPACE = "scalablebackend-system"


def tool(name):
    cache = Path(os.environ.get("SB_CACHE") or Path.home() / ".cache" / "scalablebackend")
    built = sorted(cache.glob(f"*/bin/{name}"), key=lambda path: path.stat().st_mtime)
    path = shutil.which(name) or (str(built[-1]) if built else None)
    if path is None:
        pytest.skip(f"{name} is neither on PATH nor built (e2e/cluster/run build)")
    return path


def objects(text):
    found = {}
    for thing in yaml.safe_load_all(text):
        if thing:
            metadata = thing["metadata"]
            found[thing["kind"], metadata.get("namespace", ""), metadata["name"]] = thing
    return found


def template(*arguments):
    return subprocess.run(
        [tool("helm"), "template", "release", str(CHART), "--namespace", NAMESPACE, "--kube-version", "1.34.0",
         *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )


def rendered(*arguments):
    answer = template(*arguments)
    assert answer.returncode == 0, answer.stderr
    return objects(answer.stdout)


@pytest.fixture(scope="module")
def kustomized():
    answer = subprocess.run(
        [tool("kustomize"), "build", str(REPOSITORY / "manifests" / "default")],
        capture_output=True, text=True, check=False, timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    return objects(answer.stdout)


def without_release(thing):
    """Less what only Helm adds: who installed it, and that the definition is kept."""
    thing = copy.deepcopy(thing)
    metadata = thing["metadata"]
    for label in ("app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
                  "helm.sh/chart"):
        metadata.get("labels", {}).pop(label, None)
    if thing["kind"] == "CustomResourceDefinition":
        metadata.get("annotations", {}).pop("helm.sh/resource-policy", None)
        metadata.get("labels", {}).pop("app.kubernetes.io/name", None)
    for part in ("labels", "annotations"):
        if not metadata.get(part, True):
            del metadata[part]
    return thing


def test_it_installs_the_same_objects_as_kustomize(kustomized):
    from_chart = {key: without_release(thing) for key, thing in rendered().items()}
    # Helm makes the namespace itself (--create-namespace), kustomize has it as an object.
    from_kustomize = {key: without_release(thing) for key, thing in kustomized.items() if key[0] != "Namespace"}
    assert sorted(from_chart) == sorted(from_kustomize)
    for key, thing in from_kustomize.items():
        assert from_chart[key] == thing, key


def test_the_definition_survives_an_uninstall_unless_told_otherwise():
    def policy(*arguments):
        definition = next(thing for key, thing in rendered(*arguments).items() if key[0] == "CustomResourceDefinition")
        return definition["metadata"].get("annotations", {}).get("helm.sh/resource-policy")

    assert policy() == "keep"
    assert policy("--set", "crds.keep=false") is None
    assert not any(key[0] == "CustomResourceDefinition" for key in rendered("--set", "crds.enabled=false"))


def test_one_namespace_means_rights_in_that_one_only():
    found = rendered("--set", "watchNamespace=shop")
    assert ("ClusterRoleBinding", "", "scalablebackend-operator") not in found
    assert found["RoleBinding", "shop", "scalablebackend-operator-children"]["roleRef"]["kind"] == "ClusterRole"
    deployment = found["Deployment", NAMESPACE, "scalablebackend-operator"]
    assert "--watch-namespace=shop" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]


def test_without_the_metrics_api_nothing_of_it_is_left():
    found = rendered("--set", "metricsAPI.enabled=false")
    assert not [key for key in found if key[0] == "APIService" or "metrics" in key[2]]
    container = found["Deployment", NAMESPACE, "scalablebackend-operator"]["spec"]["template"]["spec"]["containers"][0]
    assert "--no-metrics-api" in container["args"]


@pytest.mark.parametrize("arguments, image", [
    ((), "localhost/scalablebackend-operator:dev"),
    (("--set", "imageRegistry=registry.example.com/team"), "registry.example.com/team/scalablebackend-operator:dev"),
    (("--set", "image.tag=1.2.3"), "localhost/scalablebackend-operator:1.2.3"),
    (("--set", "image.digest=sha256:" + "a" * 64), "localhost/scalablebackend-operator@sha256:" + "a" * 64),
])
def test_the_image_is_what_was_asked_for(arguments, image):
    deployment = rendered(*arguments)["Deployment", NAMESPACE, "scalablebackend-operator"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_a_registry_is_that_of_the_operands_too():
    deployment = rendered("--set", "imageRegistry=r.example.com")["Deployment", NAMESPACE, "scalablebackend-operator"]
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [argument for argument in arguments if "-image=" in argument] == [
        "--todo-image=r.example.com/todo-api:dev",
        "--postgres-image=r.example.com/scalablebackend-postgres:dev",
        "--redis-image=r.example.com/scalablebackend-redis:dev",
    ]


def test_everything_that_can_be_set_gives_valid_yaml():
    found = rendered(
        "--set", "podLabels.a=b,podAnnotations.c=d,commonLabels.e=f,nodeSelector.g=h,priorityClassName=high",
        "--set", "imagePullSecrets[0].name=pull,tolerations[0].operator=Exists,extraArgs[0]=--workers=4",
        "--set", "extraEnv[0].name=X,extraEnv[0].value=y,serviceAccount.name=mine,serviceAccount.annotations.i=j",
        "--set-json", 'affinity={"nodeAffinity":{}}',
    )
    pod = found["Deployment", NAMESPACE, "scalablebackend-operator"]["spec"]["template"]
    assert pod["metadata"]["labels"]["a"] == "b" and pod["metadata"]["annotations"]["c"] == "d"
    assert pod["spec"]["serviceAccountName"] == "mine" and pod["spec"]["priorityClassName"] == "high"
    assert pod["spec"]["containers"][0]["args"][-1] == "--workers=4"
    assert all(thing["metadata"]["labels"]["e"] == "f" for thing in found.values())
    for key, thing in found.items():
        if key[0].endswith("RoleBinding") and "external-metrics" not in key[2]:
            assert thing["subjects"][0]["name"] == "mine", key


@pytest.mark.parametrize("setting, named", [
    ("replicas=3", "replicas"),
    ("replicaCount=0", "replicaCount"),
    ("prometheusURL=prometheus:9090", "prometheusURL"),
    ("logLevel=loud", "logLevel"),
    ("image.digest=latest", "digest"),
    ("crds.enable=true", "enable"),
])
def test_a_value_that_cannot_be_meant_is_refused_by_name(setting, named):
    answer = template("--set", setting)
    assert answer.returncode != 0 and named in answer.stderr, answer.stderr


def test_lint_finds_nothing():
    answer = subprocess.run([tool("helm"), "lint", "--strict", str(CHART)], capture_output=True, text=True,
                            check=False, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("folder", ["default", "samples", "prometheus", "gitops/argo-cd", "gitops/backend"])
def test_every_kustomization_builds(folder):
    answer = subprocess.run([tool("kustomize"), "build", str(REPOSITORY / "manifests" / folder)],
                            capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 0, answer.stderr


def test_argo_cd_gets_the_definition_first_and_the_backend_last():
    answer = subprocess.run([tool("kustomize"), "build", str(REPOSITORY / "manifests" / "gitops" / "argo-cd")],
                            capture_output=True, text=True, check=True, timeout=60)
    waves = {kind: thing["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0")
             for (kind, _, _), thing in objects(answer.stdout).items()}
    assert (waves["CustomResourceDefinition"], waves["Deployment"], waves["ScalableBackend"]) == ("-1", "0", "1")
