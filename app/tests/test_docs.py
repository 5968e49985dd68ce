"""/openapi.json and /docs: complete, cacheable, and usable in a real browser without asking any other server."""

import gzip
import http.client
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading

import pytest

SETUP = pathlib.Path(__file__).parents[2] / "setup"
FILES = {"/docs": "text/html; charset=utf-8", "/docs/start.js": "text/javascript; charset=utf-8",
         "/docs/swagger-ui.css": "text/css; charset=utf-8",
         "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8"}


@pytest.fixture(scope="session")
def swagger_ui():
    done = subprocess.run([SETUP / "swagger_ui.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def api(todo, swagger_ui):
    return todo("serve", "--docs-folder", swagger_ui)


def fetch(api, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_the_document_names_every_route(api):
    status, headers, body = fetch(api, "/openapi.json")
    assert status == 200 and headers["content-type"] == "application/json"
    document = json.loads(body)
    assert document["openapi"] == "3.1.0"
    served = {match for match in re.findall(r'http_requests_total\{method="(\w+)",route="(/[^"]*)",code="200"',
                                            api.get("/metrics", api.metrics_port)[1])}
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {route for route in served if not re.match(r"/(docs|openapi)", route[1])} == described


def test_all_of_it_may_be_kept_and_is_not_sent_twice(api):
    for path in (*FILES, "/openapi.json"):
        status, headers, body = fetch(api, path)
        assert status == 200 and body and "content-encoding" not in headers, path
        assert headers["content-type"] == FILES.get(path, "application/json")
        assert headers["cache-control"].startswith("public, max-age=")
        assert headers["x-content-type-options"] == "nosniff"
        status, again, nothing = fetch(api, path, If_None_Match=headers["etag"])
        assert (status, again["etag"], nothing) == (304, headers["etag"], b"")
        assert again["cache-control"] == headers["cache-control"]


def test_large_files_are_compressed_for_who_takes_it(api):
    for path in ("/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"):
        plain = fetch(api, path)
        small = fetch(api, path, Accept_Encoding="br, gzip;q=0.8")
        assert small[1]["content-encoding"] == "gzip" and small[1]["vary"] == plain[1]["vary"] == "Accept-Encoding"
        assert gzip.decompress(small[2]) == plain[2]
        assert "content-encoding" not in fetch(api, path, Accept_Encoding="gzip;q=0, br")[1]


def test_without_the_files_only_they_are_missing(todo, tmp_path):
    api = todo("serve", "--docs-folder", str(tmp_path))
    assert fetch(api, "/docs/swagger-ui.css")[0] == 404
    assert fetch(api, "/docs/../../etc/passwd")[0] == 404
    assert fetch(api, "/openapi.json")[0] == 200


class Proxy:
    """Between the browser and the service: what the browser asked for, and what its policy let through."""

    def __init__(self, api, under):
        asked, reports = self.asked, self.reports = [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                inner = self.path.removeprefix(under) if self.path.startswith(under) else "/nothing"
                status, headers, body = fetch(api, inner)
                self.send_response(status)
                for name, value in headers.items():
                    if name in ("content-type", "content-security-policy"):
                        if name == "content-security-policy":
                            value += f"; report-uri {under}/report"
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                reports.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("under", ["", "/some/where"])
def test_a_browser_shows_every_route_and_asks_nobody_else(api, under, tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed: setup/debian.sh browser")
    proxy = Proxy(api, under)
    try:
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path}",
             # Every name but ours leads nowhere: no packet leaves this machine.
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=20000", "--dump-dom",
             f"http://127.0.0.1:{proxy.port}{under}/docs"],
            capture_output=True, text=True, timeout=120)
    finally:
        proxy.close()
    page = done.stdout
    document = json.loads(fetch(api, "/openapi.json")[2])
    for path, methods in document["paths"].items():
        assert f'data-path="{path}"' in page, (path, done.stderr[-2000:], page[:500])
    assert page.count("opblock-summary-method") >= sum(len(methods) for methods in document["paths"].values())
    assert 'class="btn authorize' in page, "no way to log in"
    assert not proxy.reports, "the policy forbids what the page needs"
    wanted = {under + path for path in (*FILES, "/openapi.json")}
    assert wanted <= set(proxy.asked) and set(proxy.asked) - wanted <= {"/favicon.ico"}
