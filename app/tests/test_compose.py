"""compose.yaml is what `docker compose` takes, and starts what the operator starts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    """The file as docker compose understands it."""
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(_ROOT / "compose.yaml", folder)
    shutil.copytree(_ROOT / "app/compose", folder / "app/compose", ignore=shutil.ignore_patterns("secret"))
    subprocess.run([folder / "app/compose/secrets"], check=True)
    done = subprocess.run([_ROOT / "setup/compose.sh", folder / "compose.yaml"], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_runs_the_operators_images(compose):
    """Else it is another system than the one that people deploy."""
    main = (_ROOT / "operator/main.cc").read_text()
    for service, image in {"api": "todo-api:dev", "worker": "todo-api:dev", "migrate": "todo-api:dev",
                           "postgres": "scalablebackend-postgres:dev", "redis": "scalablebackend-redis:dev"}.items():
        assert compose["services"][service]["image"] == f"localhost/{image}"
        assert f'"localhost/{image}"' in main
    assert compose["services"]["api"]["deploy"]["replicas"] == 3
    assert {"nginx", "prometheus"} < compose["services"].keys()


def test_the_api_waits_for_its_schema(compose):
    wanted = compose["services"]["api"]["depends_on"]
    assert wanted["migrate"]["condition"] == "service_completed_successfully"
    assert wanted["redis"]["condition"] == "service_healthy"


def test_everything_is_locked_down(compose):
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", name
    assert compose["networks"]["backend"]["internal"] is True
    assert "front" not in compose["services"]["postgres"]["networks"]


def test_no_password_is_in_the_file():
    text = (_ROOT / "compose.yaml").read_text()
    assert "://" not in text.replace("http://127.0.0.1:8000/", "").replace("http://localhost:8000", "")


def test_secrets_are_made_once(tmp_path):
    shutil.copytree(_ROOT / "app/compose", tmp_path / "compose", ignore=shutil.ignore_patterns("secret"))
    script = tmp_path / "compose/secrets"
    subprocess.run([script], check=True, capture_output=True)
    first = {file.name: file.read_bytes() for file in (tmp_path / "compose/secret").iterdir()}
    subprocess.run([script], check=True, capture_output=True)
    assert first == {file.name: file.read_bytes() for file in (tmp_path / "compose/secret").iterdir()}
    assert len(first["jwt-key"]) == 64 and first["redis-password"] != first["postgres-password"]
