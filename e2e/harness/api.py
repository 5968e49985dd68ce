"""The API server by plain HTTP through a `kubectl proxy` of our own: any kubeconfig works and no library is needed.

    with Api.open(kubectl, kubeconfig) as api:
        api.get("/api/v1/namespaces/default/pods", labelSelector="app=todo")["items"]
        for event in api.watch("/api/v1/namespaces/default/pods", seconds=60): ...

Thread-safe: every call has a connection of its own.
"""

import http.client
import json
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.failure import Failure

_CALL_SECONDS = 15.0


class Refused(Failure):
    """The API server answered, but not with success."""

    def __init__(self, what: str, code: int, message: str) -> None:
        super().__init__(f"{what}: {code} {message}")
        self.code = code


class Api:
    def __init__(self, port: int) -> None:
        self._port = port

    @classmethod
    @contextmanager
    def open(cls, kubectl: str, kubeconfig: str) -> "Iterator[Api]":
        proxy = subprocess.Popen([kubectl, "--kubeconfig", kubeconfig, "proxy", "--port=0"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            said = proxy.stdout.readline()
            if "Starting to serve on" not in said:
                raise Failure(f"kubectl proxy: {said.strip() or 'ended'}; is {kubeconfig} right?")
            yield cls(int(said.rsplit(":", 1)[1]))
        finally:
            proxy.terminate()
            proxy.wait(10)

    def get(self, path: str, **query: str) -> Any:
        """JSON of `path`; raises Refused (code 404: not there)."""
        return json.loads(self.text(path, **query))

    def find(self, path: str) -> Any | None:
        """Like get; None if there is no such object."""
        try:
            return self.get(path)
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    def text(self, path: str, **query: str) -> str:
        return self._call("GET", _with(path, query), None)

    def create(self, path: str, thing: dict[str, Any]) -> None:
        self._call("POST", path, thing)

    def delete(self, path: str, grace_seconds: int | None = None) -> None:
        """Asks for the deletion; an object that is not there is fine."""
        query = {} if grace_seconds is None else {"gracePeriodSeconds": str(grace_seconds)}
        try:
            self._call("DELETE", _with(path, query), None)
        except Refused as refused:
            if refused.code != 404:
                raise

    def ask(self, method: str, path: str) -> tuple[int, str]:
        """Status and body of any answer, for what is behind a proxy path; 0 and the error if there is none."""
        try:
            return self._answer(method, path, None)
        except Failure as failure:
            return 0, str(failure)

    def lines(self, path: str, seconds: float, **query: str) -> Iterator[str]:
        """Lines of an answer that goes on; ends with it, or after `seconds` without a word."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        try:
            connection.request("GET", _with(path, query))
            answer = connection.getresponse()
            if answer.status != 200:
                raise Refused(path, answer.status, _message(answer.read().decode(errors="replace")))
            for line in answer:
                yield line.decode(errors="replace").rstrip("\n")
        except (TimeoutError, http.client.HTTPException, ConnectionError):
            return
        finally:
            connection.close()

    def watch(self, path: str, seconds: int, **query: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(ADDED|MODIFIED|DELETED, object): first what is there, then what changes, for `seconds`."""
        for line in self.lines(path, seconds + 5, watch="1", timeoutSeconds=str(seconds), **query):
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            yield event["type"], event["object"]

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> str:
        status, text = self._answer(method, path, body)
        if status >= 300:
            raise Refused(f"{method} {path}", status, _message(text))
        return text

    def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_CALL_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{method} {path}: {error or type(error).__name__}; is the cluster up?") from error
        finally:
            connection.close()


def in_background(name: str, work: Callable[[], None]) -> threading.Thread:
    """A daemon thread: it reads a stream that ends with the pod, the watch or the proxy behind it."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _with(path: str, query: dict[str, str]) -> str:
    return path + ("?" + urllib.parse.urlencode(query) if query else "")


def _message(text: str) -> str:
    try:
        return json.loads(text).get("message", "")
    except (json.JSONDecodeError, AttributeError):
        return text[:200]
