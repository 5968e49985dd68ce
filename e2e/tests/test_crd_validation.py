"""A wrong ScalableBackend is refused at `kubectl apply`, with the field named; nothing is made. Needs no operator."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.failure import Failure
from harness.namespaces import fresh_namespace

CRD = Path(__file__).parents[2] / "crds"
NAME = "scalablebackends.scalablebackend.io"


def documents(file: str) -> list[str]:
    return (CRD / "tests" / file).read_text().split("---\n")[1:]


def title(document: str) -> str:
    return document.splitlines()[0].lstrip("# ")


def expected(document: str) -> list[str]:
    return re.findall(r"^# expect: (.+)$", document, re.MULTILINE)


@pytest.fixture(scope="module")
def place(kube) -> Iterator[str]:
    """Of its own: the same names may be taken in any other."""
    with fresh_namespace(kube, "validation") as namespace:
        yield namespace


def apply(cluster, place: str, document: str, *options: str) -> str:
    """What kubectl said, empty if it was content."""
    try:
        cluster.kubectl("apply", "--namespace", place, *options, "-f", "-", stdin=document)
    except Failure as failure:
        return str(failure)
    return ""


def assert_says(said: str, document: str) -> None:
    assert said, "it was taken"
    for text in expected(document):
        assert text in said, said


@pytest.mark.parametrize("document", documents("refused.yaml"), ids=title)
def test_bad_input_is_refused(cluster, place, document):
    assert expected(document)
    assert_says(apply(cluster, place, document, "--dry-run=server"), document)


@pytest.mark.parametrize("document", documents("accepted.yaml"), ids=title)
def test_good_input_is_taken(cluster, place, document):
    assert apply(cluster, place, document, "--dry-run=server") == ""


PAIRS = documents("changes.yaml")


@pytest.mark.parametrize(("before", "after"), list(zip(PAIRS[::2], PAIRS[1::2], strict=True)),
                         ids=[title(after) for after in PAIRS[1::2]])
def test_what_may_not_change(cluster, place, before, after):
    assert apply(cluster, place, before) == ""
    try:
        said = apply(cluster, place, after, "--dry-run=server")
        if expected(after):
            assert_says(said, after)
        else:
            assert said == ""
    finally:
        cluster.kubectl("delete", "--namespace", place, "-f", "-", stdin=before)


def schema(cluster) -> dict:
    crd = json.loads(cluster.kubectl("get", "crd", NAME, "-o", "json"))
    return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def defaults(node, path=""):
    if isinstance(node, dict):
        if "default" in node and "properties" not in path.rsplit(".", 1)[-1]:
            yield path
        for key, value in node.items():
            yield from defaults(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from defaults(value, path)


def test_the_schema_has_no_defaults_in_spec(cluster):
    """They would show as a difference from Git for ever."""
    assert list(defaults(schema(cluster)["spec"])) == []
    assert schema(cluster)["status"]["default"] == {"observedGeneration": -1}


def test_api_and_workers_have_the_same_fields(cluster):
    """They are written out twice; one must not fall behind."""
    spec = schema(cluster)["spec"]["properties"]

    def shared(part: dict) -> dict:
        fields = {key: dict(value) for key, value in part["properties"].items() if key not in ("name", "port")}
        for key in ("command", "replicas"):   # they say another default
            fields[key].pop("description")
        return fields

    assert shared(spec["api"]) == shared(spec["workers"]["items"])


def test_it_fits_a_client_side_apply():
    """kubectl keeps the whole object in an annotation of at most 262144 bytes."""
    assert (CRD / f"{NAME}.yaml").stat().st_size < 200_000
