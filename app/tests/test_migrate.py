"""`todo migrate` against a real database; the pure part is in migration_test.cc."""

import pathlib
import subprocess
import time
import uuid

import pytest
from conftest import BINARY
from servers import eventually, free_port


@pytest.fixture
def empty(postgres):
    name = f"m{uuid.uuid4().hex}"
    postgres.sql(f"CREATE DATABASE {name}")
    return postgres.url.replace("/postgres", "/" + name)


ALL = str(len(list((pathlib.Path(__file__).parents[1] / "migrations").glob("*.sql"))))


def migrate(url, *flags):
    return subprocess.run([BINARY, "migrate", *flags], env={"DATABASE_URL": url} if url else {}, capture_output=True,
                          text=True)


def sql(url, statement):
    return subprocess.run(["psql", "-XAtq", "-c", statement, url], capture_output=True, text=True, check=True).stdout.strip()


def test_applies_once_and_says_what(empty):
    dry = migrate(empty, "--dry-run")
    assert dry.returncode == 0 and "CREATE TABLE users" in dry.stdout
    assert sql(empty, "SELECT to_regclass('users') IS NULL") == "t"
    assert migrate(empty).returncode == 0
    assert migrate(empty).returncode == 0
    assert sql(empty, "SELECT count(*) FROM schema_migrations WHERE length(checksum) = 64") == ALL
    assert "(owner_id, id)" in sql(empty, "SELECT indexdef FROM pg_indexes WHERE tablename = 'tasks' AND indexname LIKE '%owner%'")


def test_many_at_once_apply_once(empty):
    runs = [subprocess.Popen([BINARY, "migrate"], env={"DATABASE_URL": empty}, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [run.wait() for run in runs] == [0, 0, 0, 0]
    assert sql(empty, "SELECT count(*) FROM schema_migrations") == ALL


def test_an_edited_migration_is_refused_by_name(empty):
    migrate(empty)
    sql(empty, "UPDATE schema_migrations SET checksum = 'other'")
    done = migrate(empty)
    assert done.returncode == 1
    assert "0001_users_and_tasks was edited" in done.stderr and done.stderr.count("\n") == 1


def test_a_failure_names_the_migration_and_leaves_nothing(empty):
    sql(empty, "CREATE TABLE tasks (x int)")
    done = migrate(empty)
    assert done.returncode == 1
    assert 'migration 0001_users_and_tasks failed: relation "tasks" already exists' in done.stderr
    assert sql(empty, "SELECT to_regclass('users') IS NULL") == "t"


def test_waits_for_the_database_no_longer_than_told():
    began = time.monotonic()
    done = migrate(f"postgresql://todo:secret@127.0.0.1:{free_port()}/x", "--wait", "1")
    assert done.returncode == 1 and time.monotonic() - began < 5
    assert "did not answer within 1 s" in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("url", [None, "nonsense://x:secret@y"])
def test_wrong_settings_are_one_line(url):
    done = migrate(url, "--wait", "0")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
