"""Stand-ins for Prometheus, one port a fault, run in a node's network so that pods reach them. Told by lines on stdin.

    python3 -m prometheus_faults.server      prints {"refused": 41001, ...}
    {"faulty": true, "value": 10.0}          all of them; then {"asked": {"refused": 0, ...}}, since the last line
    {..., "past": 70.0}                      also, what range queries give

Ends with its standard input.
"""

import asyncio
import json
import socket
import struct
import sys
import time
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from prometheus_faults import answers
from prometheus_faults.answers import Fault, Reply

_HEAD_SECONDS = 60.0
_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}


class StandIn:
    """One port."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._server: asyncio.Server | None = None
        # Never listens: it keeps the port from everybody else's connections while nobody listens there.
        self._held = _bound(0)
        self.port = self._held.getsockname()[1]
        self.asked = 0
        self.faulty = False
        self.value = 0.0
        self.past = 0.0

    async def turn(self, faulty: bool, value: float) -> None:
        self.faulty, self.value = faulty, value
        if faulty and self._fault.reply is None:
            await self._close()
        else:
            await self._open()

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, sock=_bound(self.port))

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()   # connections that are open end with their next question
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS):
                self.asked += 1
                reply = self._reply(head)
                if reply is None or not await self._send(reader, writer, reply):
                    break
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            writer.close()

    def _reply(self, head: bytes) -> Reply | None:
        """None: the connection ends, as that of a process which has died."""
        now = time.time()
        if not self.faulty and head.startswith(b"GET /api/v1/query_range?"):
            asked = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
            return answers.recorded(self.past, *(_seconds(asked[name][0]) for name in ("start", "end")),
                                    float(asked["step"][0]))
        if not self.faulty or head.startswith(b"GET /elsewhere/"):
            return answers.right(self.value, now)
        return self._fault.reply(self.value, now) if self._fault.reply else None

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        """Whether the connection may be used again."""
        await asyncio.sleep(reply.after_s)
        if reply.says:
            lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Error')}", f"Content-Type: {reply.kind}",
                     f"Content-Length: {len(reply.body)}", *reply.headers]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body[:reply.keep])
            await writer.drain()
        if reply.then == "hang":
            await reader.read()   # until the other side has had enough
        elif reply.then == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return reply.says and reply.keep is None


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("0.0.0.0", port))
    return bound


def _seconds(time_text: str) -> float:
    return datetime.fromisoformat(time_text.replace("Z", "+00:00")).timestamp()


async def _run() -> None:
    stand_ins = {fault.name: StandIn(fault) for fault in answers.FAULTS}
    for stand_in in stand_ins.values():
        await stand_in.turn(False, 0.0)
    print(json.dumps({name: stand_in.port for name, stand_in in stand_ins.items()}), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        told = json.loads(line)
        asked = {name: stand_in.asked for name, stand_in in stand_ins.items()}
        for stand_in in stand_ins.values():
            stand_in.asked = 0
            stand_in.past = told.get("past", 0.0)
            await stand_in.turn(told["faulty"], told["value"])
        print(json.dumps({"asked": asked}), flush=True)


if __name__ == "__main__":
    asyncio.run(_run())
