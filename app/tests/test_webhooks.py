"""Jobs that users ask for: deliveries to their servers, and exports."""

import base64
import csv
import hashlib
import hmac
import http.server
import io
import json
import ssl
import subprocess
import threading
import time

import pytest
from servers import eventually
from test_jobs import no_jobs, put, redis, states  # noqa: F401  (fixtures)
from v1_client import Client


class Receiver:
    """A user's server; what it got, and what it is to answer."""

    def __init__(self, certificate=None):
        """`certificate`: files of the certificate and its key; then by https."""
        self.got, self.answers, receiver = [], [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"x" * 100_000)  # nobody reads it

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/hook"):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{path}"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()


@pytest.fixture
def private(todo, redis):
    """API and worker that may reach this machine."""
    environment = {"WEBHOOK_ALLOW_PRIVATE": "1", "RATE_LIMIT_TOKEN": "off"}
    api = todo(**environment)
    worker = todo("worker", "--retry-first", "0.3", **environment)
    return api, worker


def verify(secret, headers, body):
    headers = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == want
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    return headers["webhook-id"], json.loads(body)


def test_events_are_delivered_signed(private, receiver, postgres):
    me = Client(private[0])
    hook = me.ask("POST", "/v1/webhooks", {"url": receiver.url()}).check(201).body
    assert (hook["on_task_created"], hook["on_task_completed"]) == (True, True)
    shown = me.ask("GET", "/v1/webhooks").check(200).body["items"]
    assert shown == [{key: value for key, value in hook.items() if key != "secret"}], "the secret is shown once"
    task = me.task("milk é").body
    eventually(lambda: len(receiver.got) == 1)
    path, headers, body = receiver.got[0]
    _, event = verify(hook["secret"], headers, body)
    assert (path, event["type"], event["data"]["title"], event["data"]["id"]) == \
        ("/hook", "task.created", "milk é", task["id"])
    me.ask("PATCH", f"/v1/tasks/{task['id']}", {"title": "butter"}).check(200)
    me.ask("PATCH", f"/v1/tasks/{task['id']}", {"completed": True}).check(200)
    me.ask("PATCH", f"/v1/tasks/{task['id']}", {"completed": True}).check(200)
    eventually(lambda: len(receiver.got) == 2)
    assert verify(hook["secret"], *receiver.got[1][1:])[1]["type"] == "task.completed"
    other = Client(private[0])
    other.task("not mine")
    other.ask("DELETE", f"/v1/webhooks/{hook['id']}").check(404)
    me.ask("DELETE", f"/v1/webhooks/{hook['id']}").check(204)
    me.task("nobody is told")
    # A job is stored together with the change that asks for it, so there are no others to come.
    eventually(lambda: states(postgres) == {"done": 2})
    assert len(receiver.got) == 2


def certificate_for(folder, name, subject):
    """A certificate that signs itself: its file and its key's."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "1", "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}",
                    "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def test_by_tls_only_to_who_proves_the_name(todo, redis, postgres, tmp_path):
    right = certificate_for(tmp_path, "right", "IP:127.0.0.1")
    other = certificate_for(tmp_path, "other", "DNS:elsewhere.example")
    stranger = certificate_for(tmp_path, "stranger", "IP:127.0.0.1")
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(right[0].read_text() + other[0].read_text())
    environment = {"WEBHOOK_ALLOW_PRIVATE": "1", "RATE_LIMIT_TOKEN": "off", "SSL_CERT_FILE": str(trusted)}
    me = Client(todo(**environment))
    todo("worker", "--retry-first", "0.3", **environment)
    good, wrong_name, unknown = (Receiver(certificate) for certificate in (right, other, stranger))
    try:
        hook = me.ask("POST", "/v1/webhooks", {"url": good.url()}).check(201).body
        task = me.task("by tls").body
        eventually(lambda: len(good.got) == 1)
        assert verify(hook["secret"], *good.got[0][1:])[1]["data"]["id"] == task["id"]
        me.ask("DELETE", f"/v1/webhooks/{hook['id']}").check(204)
        for refused in (wrong_name, unknown):
            hook = me.ask("POST", "/v1/webhooks", {"url": refused.url()}).check(201).body
            postgres.sql("DELETE FROM jobs")
            me.task("a secret")
            eventually(lambda: "TLS" in postgres.sql("SELECT coalesce(max(error), '') FROM jobs"))
            assert refused.got == [], "it was told before it had proved who it is"
            me.ask("DELETE", f"/v1/webhooks/{hook['id']}").check(204)
    finally:
        for receiver in (good, wrong_name, unknown):
            receiver.server.shutdown()


def test_the_tutorials_tasks_and_bulk_ones_are_events_too(private, receiver):
    me = Client(private[0])
    me.ask("POST", "/v1/webhooks", {"url": receiver.url(), "on_task_completed": False}).check(201)
    assert private[0].post("/tasks/", title="a", owner_id=me.user["id"])[0] == 200
    me.ask("POST", "/v1/tasks:bulk", {"tasks": [{"title": "b"}, {"title": "c"}]}).check(201)
    eventually(lambda: len(receiver.got) == 3)
    assert {json.loads(body)["data"]["title"] for _, _, body in receiver.got} == {"a", "b", "c"}


def test_a_receiver_that_fails_is_tried_again_with_the_same_id(private, receiver, postgres):
    me = Client(private[0])
    hook = me.ask("POST", "/v1/webhooks", {"url": receiver.url()}).check(201).body
    receiver.answers = [(500, {}), (302, {"Location": receiver.url("/elsewhere")})]
    me.task()
    eventually(lambda: len(receiver.got) == 3)
    assert {path for path, *_ in receiver.got} == {"/hook"}, "redirects are not followed"
    assert len({verify(hook["secret"], *one[1:])[0] for one in receiver.got}) == 1
    eventually(lambda: states(postgres) == {"done": 1})
    assert private[1].metric('jobs_processed_total{kind="webhook",outcome="retried"}') == 2
    receiver.answers = [(410, {})]
    me.task()
    eventually(lambda: states(postgres).get("dead") == 1)
    assert "answered 410" in postgres.sql("SELECT error FROM jobs WHERE state = 'dead'")


def test_a_receiver_that_is_away_costs_nothing_but_patience(private, receiver, postgres):
    me = Client(private[0])
    receiver.server.server_close()
    receiver.server.shutdown()
    me.ask("POST", "/v1/webhooks", {"url": receiver.url()}).check(201)
    me.task()
    # Between its tries, of which one may go on at this moment.
    eventually(lambda: postgres.sql("SELECT state FROM jobs WHERE error LIKE '%connecting%'") == "queued")


def test_nobody_is_made_to_knock_inside(todo, redis, receiver, postgres):
    """Else a user could read the cluster through us."""
    api = todo(RATE_LIMIT_TOKEN="off")
    todo("worker")
    me = Client(api)
    for url in (receiver.url(), "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "ftp://a/",
                "http://a@b.example/", "http://[::ffff:127.0.0.1]/"):
        me.ask("POST", "/v1/webhooks", {"url": url}).check(422)
    # A name tells where it points only when it is resolved.
    me.ask("POST", "/v1/webhooks", {"url": f"http://localhost:{receiver.server.server_port}/"}).check(201)
    me.task()
    eventually(lambda: states(postgres) == {"dead": 1})
    assert "not on the public Internet" in postgres.sql("SELECT error FROM jobs")
    assert receiver.got == []


def test_twenty_webhooks_are_enough(private, receiver):
    me = Client(private[0])
    for number in range(20):
        me.ask("POST", "/v1/webhooks", {"url": receiver.url(f"/{number}")}).check(201)
    me.ask("POST", "/v1/webhooks", {"url": receiver.url()}).check(409)


def finished(client, location):
    def look():
        job = client.ask("GET", location).check(200).body
        return job if job["status"] in ("done", "failed") else None
    return eventually(look)


def test_an_export_holds_all_tasks_and_no_formula(private):
    me = Client(private[0])
    titles = ["milk", 'say "hi", twice', "=HYPERLINK(1)", "+1", "-1", "@x", "line\nbreak", "é"]
    tasks = [me.task(title).body["id"] for title in titles]
    me.ask("POST", "/v1/tasks:bulk", {"tasks": [{"title": f"t{number}"} for number in range(500)]}).check(201)
    me.ask("PATCH", f"/v1/tasks/{tasks[0]}", {"completed": True}).check(200)
    accepted = me.ask("POST", "/v1/exports").check(202)
    job = finished(me, accepted.headers["location"])
    assert job["status"] == "done" and job["kind"] == "csv_export" and job["error"] is None
    file = me.ask("GET", job["result_url"]).check(200)
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(file.body, newline="")))
    assert rows[0] == ["id", "title", "completed"]
    assert rows[1] == [str(tasks[0]), "milk", "true"]
    assert [row[1] for row in rows[1:9]] == ["milk", 'say "hi", twice', "'=HYPERLINK(1)", "'+1", "'-1", "'@x",
                                            "line\nbreak", "é"]
    assert len(rows) == 1 + 8 + 500
    other = Client(private[0])
    other.ask("GET", job["result_url"]).check(404)
    other.ask("GET", accepted.headers["location"]).check(404)
    assert private[0].get(f"/jobs/{job['id']}")[0] == 404, "nor without saying who asks"
    me.ask("GET", "/v1/exports/nothing").check(404)


def test_an_export_asked_for_again_is_the_same_one(todo, redis, postgres):
    me = Client(todo(RATE_LIMIT_TOKEN="off"))
    first = me.ask("POST", "/v1/exports", Idempotency_Key="mine").check(202)
    again = me.ask("POST", "/v1/exports", Idempotency_Key="mine").check(202)
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.body, again.headers["location"]) == (first.body, first.headers["location"])
    assert me.ask("POST", "/v1/exports").check(202).body["id"] != first.body["id"]
    assert states(postgres) == {"queued": 2}
    todo("worker")
    assert finished(me, first.headers["location"])["kind"] == "csv_export"


def test_an_export_that_is_not_done_or_too_large(todo, redis, postgres):
    api = todo(RATE_LIMIT_TOKEN="off")
    me = Client(api)
    postgres.sql(f"INSERT INTO tasks (title, owner_id) SELECT repeat('x', 10000), {me.user['id']} "
                 "FROM generate_series(1, 1000)")
    accepted = me.ask("POST", "/v1/exports").check(202)
    me.ask("GET", f"/v1/exports/{accepted.body['id']}").check(409)
    todo("worker")
    job = finished(me, accepted.headers["location"])
    assert job["status"] == "failed" and "more than 8 MiB" in job["error"]
    me.ask("GET", f"/v1/exports/{accepted.body['id']}").check(409)
    postgres.sql(f"DELETE FROM tasks WHERE owner_id = {me.user['id']}")
