"""The metric that everything scales on: a page for Prometheus to scrape, whose numbers the bench sets.

Each number wavers by 3 %, as real ones do: within the tolerance, so that nothing scales, but no sample equals the one before.
"""

import http.server
import math
import socket
import threading
import time

from bench.keda.scenario import STEADY, name
from cluster import network

_WAVER = 0.03


class Load:
    """
        with Load(1000) as load:
            load.port
            load.step(range(50), 30.0)
    """

    def __init__(self, count: int) -> None:
        self._values = [STEADY] * count   # written by the bench's thread, read by the server's: one number at a time
        listening = network.inside(network.CONTROL, lambda: socket.create_server(("127.0.0.1", 0)))
        self.port: int = listening.getsockname()[1]
        load = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page(load._values, time.time()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A scrape that took too long on a busy machine: Prometheus counts it."""

        self._server = Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listening
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def step(self, indexes: range, value: float) -> None:
        for index in indexes:
            self._values[index] = value


def page(values: list[float], now: float) -> str:
    """What Prometheus scrapes."""
    lines = (f'load{{backend="{name(index)}"}} {value * (1 + _WAVER * math.sin(now / 7 + index)):.4f}'
             for index, value in enumerate(values))
    return "# TYPE load gauge\n" + "\n".join(lines) + "\n"
