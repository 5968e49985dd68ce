"""When the count of each Deployment changed, as a watch tells it."""

import json
import threading
import time
from typing import Any

from bench.controller.api_server import Connection
from bench.controller.progress import Bar
from bench.keda.scenario import NAMESPACE
from harness.failure import Failure

_PATH = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"


class Counts:
    """
        with Counts() as counts:
            changed = counts.until(["backend-0001"], least=3, seconds=60, bar=bar)   # {"backend-0001": 1764000000.123}
    """

    def __init__(self) -> None:
        self._connection = Connection()
        listing = json.loads(self._connection.call("GET", _PATH))
        self._counts = {thing["metadata"]["name"]: (thing["spec"]["replicas"], 0.0) for thing in listing["items"]}
        self._changed = threading.Condition()
        self._ended: BaseException | None = None
        self._lines = self._connection.stream(
            f"{_PATH}?watch=1&resourceVersion={listing['metadata']['resourceVersion']}")
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Counts":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.cut()
        self._thread.join()

    def until(self, names: list[str], least: int, seconds: float, bar: Bar) -> dict[str, float]:
        """When each had at least so many in its spec; those that did not in time are missing."""
        deadline, told = time.monotonic() + seconds, 0
        with self._changed:
            while True:
                seen = {name: self._counts[name] for name in names if name in self._counts}
                reached = {name: at for name, (count, at) in seen.items() if count >= least}
                bar.advance(len(reached) - told)
                told = len(reached)
                left = deadline - time.monotonic()
                if len(reached) == len(names) or left <= 0:
                    return reached
                if self._ended:
                    raise Failure(f"the watch of Deployments ended: {self._ended}")
                self._changed.wait(left)

    def _read(self) -> None:
        try:
            for line in self._lines:
                now = time.time()
                self._note(json.loads(line), now)
            raise Failure("the server closed it")
        except BaseException as ended:  # said to whoever waits
            with self._changed:
                self._ended = ended
                self._changed.notify_all()

    def _note(self, event: dict[str, Any], now: float) -> None:
        if event["type"] == "ERROR":
            raise Failure(str(event["object"].get("message")))
        name, count = event["object"]["metadata"]["name"], event["object"]["spec"]["replicas"]
        with self._changed:
            if self._counts.get(name, (None,))[0] != count:
                self._counts[name] = (count, now)
                self._changed.notify_all()
