"""The API server as the writer sees it: directly, with one connection a thread, and with the honest answer "unknown" when
an answer is lost."""

import http.client
import json
import ssl
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from cluster import api, certificates
from harness.failure import Failure

_CALL_SECONDS = 10.0
_READY_SECONDS = 120.0


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]

    def says_not_found(self, name: str) -> bool:
        """There is no such object; a 404 of a path that is not served yet, as after a start, says less."""
        return self.status == 404 and (self.body.get("details") or {}).get("name") == name


class Unknown(Exception):
    """No answer came: the server may or may not have done it."""


class Server:
    """Not thread-safe: one a thread."""

    def __init__(self) -> None:
        self._context = ssl.create_default_context(cafile=str(certificates.certificate(certificates.CA)))
        self._context.load_cert_chain(certificates.certificate("admin"), certificates.key("admin"))
        self._port = api.port()
        self._connection: http.client.HTTPSConnection | None = None

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        connection = self._connection or http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=_CALL_SECONDS, context=self._context)
        self._connection = None
        text = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException, ssl.SSLError) as problem:
            connection.close()
            raise Unknown(str(problem)) from problem
        self._connection = connection
        try:
            decoded = json.loads(content)
        except ValueError:
            decoded = {}
        return Answer(response.status, decoded if isinstance(decoded, dict) else {})

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not api.is_ready():
            if time.monotonic() >= deadline:
                raise Failure(f"the API server is not ready after {_READY_SECONDS:g} s")
            time.sleep(0.1)

    def read(self, collection: str, name: str) -> dict[str, Any] | None:
        """The object as etcd has it; None if it does not exist. Waits out whatever keeps the server from answering."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            self.wait_until_ready()
            try:
                answer = self.call("GET", f"{collection}/{name}")
            except Unknown:
                continue
            if answer.status == 200:
                return answer.body
            if answer.says_not_found(name):
                return None
            time.sleep(0.1)
        raise Failure(f"{collection}/{name} cannot be read")

    def items(self, collection: str, label_selector: str = "") -> Iterator[dict[str, Any]]:
        """All objects, read from etcd at once."""
        query = f"?labelSelector={label_selector.replace('=', '%3D')}" if label_selector else ""
        answer = self.call("GET", collection + query)
        if answer.status != 200:
            raise Failure(f"GET {collection}: {answer.status} {answer.body.get('message')}")
        yield from answer.body["items"]

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
