"""The images, run as a restricted pod runs them. Needs root, runc and `app/images/build`; skipped otherwise.

    "$(setup/python.sh)" -m pytest app/images
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from container import Container, unpack

ARCHIVES = Path(__file__).resolve().parents[2] / "out" / "images"
# Quotes, a backslash, a percent sign, spaces: whatever a person may put into a Secret.
PASSWORD = r"""it's "a\ pass"word %d"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("runc"), reason="running containers needs root and runc"
)


@pytest.fixture(scope="module")
def room():
    """A folder that the containers' users may pass through, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="sb-images-", dir="/var/tmp") as path:
        os.chmod(path, 0o755)
        yield Path(path)


def image(name, room):
    archive = ARCHIVES / f"{name}.tar"
    if not archive.exists():
        pytest.skip(f"{archive} is not built (app/images/build)")
    root = room / name
    root.mkdir(exist_ok=True)
    return unpack(archive, root)


@pytest.fixture(scope="module")
def postgres(room):
    return image("scalablebackend-postgres", room)


@pytest.fixture(scope="module")
def redis(room):
    return image("scalablebackend-redis", room)


@pytest.fixture
def volume(room):
    """An empty claim as the host-path provisioner makes it."""
    path = room / "volume"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def password(room):
    path = room / "password"
    path.write_text(PASSWORD)
    path.chmod(0o444)
    return path


@pytest.fixture
def start_postgres(postgres, volume, password, room):
    """Starts on the test's own claim, which is empty at first."""
    def start(*arguments):
        return postgres_on(postgres, volume, password, room, arguments)
    return start


@pytest.fixture(scope="module")
def made(postgres, password, room):
    """A claim whose first start is over, to copy from: making one anew for every test takes seconds."""
    path = room / "made"
    path.mkdir()
    path.chmod(0o777)
    with postgres_on(postgres, path, password, room) as server:
        server.wait_until("postgres-ready")
        server.kill("INT")
        server.wait()
    return path


@pytest.fixture
def running_postgres(start_postgres, made, volume):
    subprocess.run(["cp", "-a", f"{made}/.", str(volume)], check=True)
    with start_postgres() as server:
        server.wait_until("postgres-ready")
        yield server


def postgres_on(image, claim, password, room, arguments=()):
    return Container(
        image, room / "bundle",
        mounts={"/var/lib/postgresql/data": claim}, files={"/run/secret/password": password},
        writable=["/var/run/postgresql"],
        environment={"POSTGRES_USER": "todo", "POSTGRES_DB": "todo", "POSTGRES_PASSWORD_FILE": "/run/secret/password"},
        arguments=arguments,
    )


@pytest.fixture
def start_redis(redis, volume, password, room):
    def start():
        return Container(
            redis, room / "bundle", mounts={"/data": volume}, files={"/run/secret/password": password},
            writable=["/run/redis"], environment={"REDIS_PASSWORD_FILE": "/run/secret/password"},
        )
    return start


def query(container, sql, *, password=PASSWORD, role="todo"):
    """Runs SQL over TCP as a client does; the password travels by environment, as libpq's own."""
    return container.run(
        "/bin/env", f"PGPASSWORD={password}", "psql", "-h", "127.0.0.1", "-U", role, "-d", "todo", "-AtXqc", sql
    )


def ask(container, *command):
    return container.run(
        "/bin/sh", "-c", 'REDISCLI_AUTH=$(cat "$REDIS_PASSWORD_FILE") redis-cli "$@"', "sh", *command
    ).stdout.strip()


class TestPostgres:
    def test_first_start_makes_the_database_and_a_restart_keeps_it(self, start_postgres):
        with start_postgres("-c", "max_connections=77") as server:
            print(f"first start: {server.wait_until('postgres-ready'):.2f} s")
            assert query(server, "create table kept(v int); insert into kept values (7)").returncode == 0
            assert query(server, "show max_connections").stdout.strip() == "77"
            assert query(server, "show data_checksums").stdout.strip() == "on"
            assert query(server, "show server_encoding").stdout.strip() == "UTF8"
            assert PASSWORD not in server.output()
            server.kill("INT")   # the image's STOPSIGNAL
            assert server.wait() == 0
            assert "database system is shut down" in server.output()
        with start_postgres() as server:
            print(f"restart: {server.wait_until('postgres-ready'):.2f} s")
            assert query(server, "select v from kept").stdout.strip() == "7"
            assert "initdb" not in server.output() and "made" not in server.output()

    def test_a_clean_stop_does_not_wait_for_clients(self, running_postgres):
        server = running_postgres
        server.run("/bin/sh", "-c", "psql -U postgres -c 'select pg_sleep(60)' >/dev/null 2>&1 &")
        started = time.monotonic()
        server.kill("INT")
        assert server.wait() == 0
        assert time.monotonic() - started < 5

    def test_the_death_of_an_orphan_does_not_restart_the_server(self, running_postgres):
        """As when `kubectl exec` is interrupted. PostgreSQL as the first process would take it for a backend's crash."""
        running_postgres.run("/bin/sh", "-c", "(sleep 0.2; exit 2) >/dev/null 2>&1 &")
        time.sleep(1)
        assert query(running_postgres, "select 1").stdout.strip() == "1"
        assert "terminating" not in running_postgres.output()

    def test_what_was_committed_survives_a_kill(self, running_postgres, start_postgres):
        assert query(running_postgres, "create table kept(v int); insert into kept values (7)").returncode == 0
        running_postgres.kill("KILL")
        running_postgres.wait()
        with start_postgres() as server:
            server.wait_until("postgres-ready")
            assert query(server, "select v from kept").stdout.strip() == "7"

    @pytest.mark.parametrize("fraction", [0.1, 0.4, 0.7])
    def test_a_kill_during_the_first_start_leaves_nothing_half_made(self, start_postgres, volume, fraction):
        with start_postgres() as server:
            deadline = time.monotonic() + 10
            while not (volume / ".making-pgdata" / "base").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(fraction * 1.5)   # where in the first start does not matter, only that it is somewhere in it
            server.kill("KILL")
            server.wait()
        with start_postgres() as server:
            server.wait_until("postgres-ready")
            assert query(server, "select 1").stdout.strip() == "1"
            assert not (volume / ".making-pgdata").exists()

    @pytest.mark.parametrize("role, secret, message", [
        ("todo", "wrong", "password authentication failed"),
        ("postgres", PASSWORD, "pg_hba.conf rejects"),
    ])
    def test_nobody_else_gets_in_over_the_network(self, running_postgres, role, secret, message):
        refused = query(running_postgres, "select 1", role=role, password=secret)
        assert refused.returncode != 0 and message in refused.stderr

    def test_the_application_owns_its_database_and_is_no_superuser(self, running_postgres):
        server = running_postgres
        assert query(server, "select rolsuper from pg_roles where rolname = current_user").stdout.strip() == "f"
        assert query(server, "create extension pgcrypto; create schema s; select 1").stdout.strip() == "1"

    @pytest.mark.parametrize("content, message", [
        ({"stray": "x"}, "is no PostgreSQL data directory"),
        ({"PG_VERSION": "14\n"}, "was made by PostgreSQL 14"),
    ])
    def test_existing_content_is_never_touched(self, start_postgres, volume, content, message):
        directory = volume / "pgdata"
        directory.mkdir()
        for name, text in content.items():
            (directory / name).write_text(text)
        with start_postgres() as server:
            assert server.wait() == 1
            assert message in server.output()
        assert {path.name: path.read_text() for path in directory.iterdir()} == content


class TestRedis:
    def test_data_survives_a_restart_and_a_kill(self, start_redis):
        with start_redis() as server:
            print(f"first start: {server.wait_until('redis-ready'):.2f} s")
            assert ask(server, "set", "kept", "7") == "OK"
            server.kill("TERM")
            assert server.wait() == 0
        with start_redis() as server:
            server.wait_until("redis-ready")
            assert ask(server, "get", "kept") == "7"
            assert ask(server, "set", "kept", "8") == "OK"
            time.sleep(1.5)   # everysec: what is older than a second is on the disk
            server.kill("KILL")
            server.wait()
        with start_redis() as server:
            server.wait_until("redis-ready")
            assert ask(server, "get", "kept") == "8"

    def test_it_is_set_up_for_a_cache_and_a_queue(self, start_redis):
        with start_redis() as server:
            server.wait_until("redis-ready")
            assert ask(server, "config", "get", "maxmemory-policy").split() == ["maxmemory-policy", "volatile-lru"]
            assert ask(server, "config", "get", "maxmemory").split() == ["maxmemory", str(200 * 1024 * 1024)]
            assert ask(server, "config", "get", "appendfsync").split() == ["appendfsync", "everysec"]

    def test_without_the_password_nothing_is_answered(self, start_redis):
        with start_redis() as server:
            server.wait_until("redis-ready")
            assert "NOAUTH" in server.run("redis-cli", "ping").stdout
            commands = server.run("/bin/sh", "-c", "cat /proc/[0-9]*/cmdline").stdout
            assert "redis-server" in commands and PASSWORD not in commands


def test_the_todo_api_finds_every_library(room):
    """The loader of the image itself resolves them: nothing of this machine helps."""
    unpacked = image("todo-api", room)
    loader = next(unpacked.root.glob("lib64/ld-*"), None) or next(unpacked.root.glob("lib/ld-*"))
    listing = os.popen(
        f"chroot {unpacked.root} /{loader.relative_to(unpacked.root)} --list /usr/local/bin/todo 2>&1").read()
    assert "libstdc++" in listing and "not found" not in listing, listing
    assert unpacked.user == 65532


def test_the_operator_is_one_file_that_needs_no_other(room):
    unpacked = image("scalablebackend-operator", room)
    assert not [path for path in unpacked.root.rglob("*") if ".so" in path.suffixes or path.name.startswith("ld-")]
    done = subprocess.run(["chroot", unpacked.root, "/scalablebackend", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stderr
    assert unpacked.user == 65532
