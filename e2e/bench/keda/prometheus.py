"""The one Prometheus: scrapes the load once a second, and counts who asks it what."""

import http.client
import json
import re
import shutil
import socket
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.keda.process import Process
from cluster import components, network
from harness.failure import Failure
from harness.wait import until

PORT = 19090
URL = f"http://127.0.0.1:{PORT}"
_CONFIGURATION = """global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: load
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
_QUERIES = re.compile(r'^prometheus_http_requests_total\{[^}]*handler="/api/v1/query[^}]*\} (\S+)$', re.MULTILINE)
_CALL_SECONDS = 10.0
_EVERY = 0.02


class Prometheus:
    def __init__(self, process: Process) -> None:
        self.process = process

    @classmethod
    @contextmanager
    def run(cls, load_port: int, folder: Path, logs: Path) -> "Iterator[Prometheus]":
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        configuration = folder / "prometheus.yml"
        configuration.write_text(_CONFIGURATION.format(port=load_port))
        argv = [components.binary("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{PORT}", "--log.level=warn",
                # KEDA keeps a connection for each ScaledObject: with Prometheus' own limit, 512, the other half of
                # a thousand would never get an answer.
                "--web.max-connections=4096"]
        with Process("prometheus", argv, logs) as process:
            prometheus = cls(process)
            until(prometheus._has_scraped, 60, "the first sample in Prometheus")
            yield prometheus
        shutil.rmtree(folder, ignore_errors=True)

    def queries(self) -> float:
        """Requests to its query API since its start, those of the bench included."""
        return sum(float(count) for count in _QUERIES.findall(self._get("/metrics")))

    def value(self, query: str) -> float | None:
        """None: an empty answer."""
        text = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": query}))
        result = json.loads(text)["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def until_shows(self, query: str, least: float, seconds: float) -> float:
        """The time when the query API first gives so much."""
        deadline = time.monotonic() + seconds
        while (self.value(query) or 0) < least:
            if time.monotonic() > deadline:
                raise Failure(f"{query} was not {least:g} within {seconds:g} s")
            time.sleep(_EVERY)
        return time.time()

    def _has_scraped(self) -> bool:
        self.process.check()
        try:
            return self.value("count(load)") is not None
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False

    def _get(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_CALL_SECONDS)
        connection.sock = network.inside(network.CONTROL,
                                         lambda: socket.create_connection(("127.0.0.1", PORT), _CALL_SECONDS))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise Failure(f"Prometheus: {path}: {answer.status} {text[:200]}")
        return text
