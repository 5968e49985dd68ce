"""`todo migrate` against a real database; the pure part is in migration_test.cc."""

import os
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
    assert done.returncode == 1 and time.monotonic() - began < 50, "it waited for the usual 60 s"
    assert "did not answer within 1 s" in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("url", [None, "nonsense://x:secret@y"])
def test_wrong_settings_are_one_line(url):
    done = migrate(url, "--wait", "0")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


UNIT_TESTS = pathlib.Path(BINARY).parent / "migrations" / "todo_migrations_test"


@pytest.mark.skipif(not UNIT_TESTS.exists(), reason=f"{UNIT_TESTS} is not built")
def test_indexes_locks_and_checks_against_a_database(empty):
    done = subprocess.run([UNIT_TESTS], env={**os.environ, "TODO_TEST_DATABASE_URL": empty}, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout


def test_a_migrated_database_has_not_drifted(empty):
    behind = migrate(empty, "--check")
    assert behind.returncode == 2 and "migration 0001_users_and_tasks is not applied; fix: todo migrate" in behind.stdout
    migrate(empty)
    done = migrate(empty, "--check")
    assert (done.returncode, done.stdout) == (0, "the database is what the migrations make\n")
    assert sql(empty, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'todo_check%'") == "0"


@pytest.mark.parametrize("by_hand,told", [
    ("DROP INDEX tasks_owner_id_id", "index tasks_owner_id_id of tasks is missing; fix: CREATE INDEX tasks_owner_id_id ON tasks"),
    ("ALTER TABLE tasks DROP COLUMN title", "column tasks.title is missing; fix: ALTER TABLE tasks ADD COLUMN title text NOT NULL"),
    ("ALTER TABLE users ALTER username TYPE varchar(20)", 'column users.username is "character varying(20) NOT NULL", the '
                                                          'migrations give "text NOT NULL"'),
    ("ALTER TABLE users ALTER username DROP NOT NULL", 'column users.username is "text"'),
    ("ALTER TABLE tasks ALTER completed SET DEFAULT true", 'is "boolean NOT NULL DEFAULT true"'),
    ("ALTER TABLE users DROP CONSTRAINT users_username_key", "constraint users_username_key of users is missing; fix: "
                                                             "ALTER TABLE users ADD CONSTRAINT users_username_key UNIQUE (username)"),
    ("ALTER TABLE tasks ADD COLUMN mine int", "column tasks.mine (integer) comes from no migration"),
    ("CREATE INDEX mine ON tasks (title)", "DROP INDEX CONCURRENTLY mine"),
    ("DROP TABLE refresh_tokens", "table refresh_tokens is missing"),
    ("UPDATE schema_migrations SET checksum = 'x' WHERE name = '0002_auth'", "0002_auth was edited"),
])
def test_what_was_done_by_hand_is_named_with_its_fix(empty, by_hand, told):
    migrate(empty)
    sql(empty, by_hand)
    done = migrate(empty, "--check")
    assert done.returncode == 2 and told in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1, "one difference is one line"


def test_another_programs_table_is_none_of_our_business(empty):
    migrate(empty)
    sql(empty, "CREATE TABLE theirs (x int)")
    assert migrate(empty, "--check").returncode == 0


def test_a_newer_versions_columns_are_no_drift(empty):
    migrate(empty)
    sql(empty, "INSERT INTO schema_migrations VALUES ('9999_later', 'x'); ALTER TABLE tasks ADD COLUMN later int")
    assert migrate(empty, "--check").returncode == 0
