"""The service keeps to its own document: requests generated from /openapi.json find no status that is not in it, no
5xx, no body or header that its schema does not allow, and nothing that a schema forbids and the service takes."""

import os
import pathlib
import subprocess
import uuid

import test_v1

SETUP = pathlib.Path(__file__).parents[2] / "setup"
# Requests for each operation: a number and not a time, so that a seed makes the same ones on every machine.
EXAMPLES = "110"
# What the tutorial's clients are used to contradicts a strict reading of a schema: "7.0", " 7" and "1_000" are
# integers, a broken percent-sequence is a text. Below /v1 nothing of the kind holds.
LENIENT = ["--exclude-checks", "negative_data_rejection"]


# Values that no schema can refuse: a URL that leads inside (422); an entity tag of another version (412); a cursor of another list and a key that was
# used for another request (422).
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 429]

[[operations]]
include-path-regex = "^/v1/(tasks(:bulk)?|webhooks|exports)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 422, 429]
"""


def run(api, *arguments):
    config = api.folder / "schemathesis.toml"
    config.write_text(CONFIG)
    python = subprocess.run([SETUP / "python.sh", SETUP / "contract-requirements.txt"], capture_output=True, text=True,
                            check=True).stdout.strip()
    done = subprocess.run(
        [python, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"http://127.0.0.1:{api.port}/openapi.json", "--checks", "all",
         # One worker: with two, CPython 3.11's ast.parse, which Hypothesis calls, now and then fails in a thread.
         "--seed", os.environ.get("CONTRACT_SEED", "1"), "--max-examples", EXAMPLES, "--workers", "1", "--request-timeout", "60", "--no-color",
         "--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", *arguments],
        capture_output=True, text=True, timeout=400, cwd=api.folder,
        env={key: value for key, value in os.environ.items() if "proxy" not in key.lower()})
    assert done.returncode == 0, (done.stdout + done.stderr)[-20_000:]
    return done.stdout


def test_v1_keeps_to_its_document(todo):
    api = todo(RATE_LIMIT_TOKEN="off", RATE_LIMIT_TOKEN_USER="off")
    me = test_v1.Client(api)
    for number in range(3):
        me.task(f"t{number}")
    run(api, "--include-path-regex", "^/v1/", "-H", f"Authorization: Bearer {me.token}")
    assert api.metric('process_resident_memory_bytes') < 100e6


def test_the_tutorials_routes_keep_to_their_document(todo):
    api = todo(RATE_LIMIT_TOKEN="off", RATE_LIMIT_TOKEN_USER="off")
    owner = api.post("/users/", username=f"u-{uuid.uuid4()}")[1]["id"]
    api.post("/tasks/", title="t", owner_id=owner)
    run(api, "--exclude-path-regex", "^/v1/", *LENIENT)
