"""A TCP proxy that mistreats connections (faults.py), as a process of its own:

    python -m chaos.watch.proxy TARGET_HOST TARGET_PORT SEED

Says {"port": N} first, then its counters once a second, as JSON lines. Commands on stdin: `calm` (no new faults; what
only pauses goes on), `chaos`; the end of stdin ends it.
"""

import asyncio
import collections
import json
import random
import socket
import struct
import sys
import time

from chaos.watch import faults
from chaos.watch.faults import Fault, Plan

_CHUNK = 65536
_NAP_SECONDS = 0.05


class Proxy:
    def __init__(self, host: str, port: int, seed: int) -> None:
        self._target = (host, port)
        self._chance = random.Random(seed)
        self.calm = False
        self.counters: collections.Counter[str] = collections.Counter()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counters["connections"] += 1
        connection = Connection(self, reader, writer, faults.CALM if self.calm else faults.plan(self._chance),
                                random.Random(self._chance.random()))
        await connection.run(self._target)


class Connection:
    """One client and its connection to the target."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, plan: Plan,
                 chance: random.Random) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self._plan = plan
        self._chance = chance
        self._born = time.monotonic()
        self._passed = 0          # bytes of the server that reached the client
        self._deaf = False        # what the client says goes nowhere
        self._slow_until = 0.0

    async def run(self, target: tuple[str, int]) -> None:
        reader, writer = self._client
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        up_writer = None
        try:
            if self._plan.fault in (Fault.REFUSE, Fault.DEAF):
                self._proxy.counters[self._plan.fault.value] += 1
                while self._plan.fault is Fault.DEAF and await reader.read(_CHUNK):
                    pass
                return
            up_reader, up_writer = await asyncio.open_connection(*target)
            sending = asyncio.create_task(self._up(reader, up_writer))
            try:
                await self._down(up_reader, writer, sending)
            finally:
                sending.cancel()
        except OSError:
            self._plan = Plan(Fault.RESET, 0, 0, 0, False)   # the server reset it: so do we
        finally:
            if up_writer:
                up_writer.close()
            if self._plan.fault in (Fault.RESET, Fault.REFUSE):
                _reset(writer)
            else:
                writer.close()

    async def _up(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        """Client to server, until the client has no more to say."""
        try:
            while data := await reader.read(_CHUNK):
                if self._deaf:
                    continue
                up.write(data)
                await up.drain()
            if not self._deaf:
                up.write_eof()
        except OSError:
            pass

    async def _down(self, up: asyncio.StreamReader, writer: asyncio.StreamWriter, sending: asyncio.Task) -> None:
        """Server to client, until the fault ends it, the server has no more to say, or the client has left."""
        while True:
            if self._due():
                if await self._strike(writer, sending):
                    return
                continue
            reading = asyncio.create_task(up.read(_CHUNK))
            await asyncio.wait({reading, sending}, timeout=self._seconds_left(), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                # A cancelled read takes nothing out of the buffer.
                await asyncio.gather(reading, return_exceptions=True)
                if sending.done():
                    return
                continue
            data = reading.result()
            if not data:
                return
            while self._strikes() and self._passed + len(data) > self._plan.after_bytes:
                before = self._plan.after_bytes - self._passed
                await self._send(data[:before], writer)
                data = data[before:]
                if await self._strike(writer, sending):
                    return   # the rest is lost with the connection
            await self._send(data, writer)

    async def _send(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        at = 0
        while at < len(data) and time.monotonic() < self._slow_until and not self._proxy.calm:
            size = self._chance.randint(1, 60)
            writer.write(data[at:at + size])
            at += size
            await writer.drain()
            await asyncio.sleep(self._chance.uniform(0.002, 0.03))
        rest = data[at:]
        for piece in faults.pieces(rest, self._chance) if self._plan.splits else [rest]:
            writer.write(piece)
            await writer.drain()
        self._passed += len(data)

    async def _strike(self, writer: asyncio.StreamWriter, sending: asyncio.Task) -> bool:
        """True: it was the end of this connection."""
        fault, lasts = self._plan.fault, self._plan.lasts
        self._proxy.counters[fault.value] += 1
        if fault is Fault.PAUSE:
            self._plan = faults.plan(self._chance)   # life goes on, until the next one
            self._born, self._passed = time.monotonic(), 0
            end = time.monotonic() + lasts
            while time.monotonic() < end and not self._proxy.calm:
                await asyncio.sleep(_NAP_SECONDS)
            return False
        if fault is Fault.TRICKLE:
            self._plan = faults.plan(self._chance)
            self._born, self._passed = time.monotonic(), 0
            self._slow_until = time.monotonic() + lasts
            return False
        if fault is Fault.STALL:
            self._deaf = True
        elif fault is Fault.HALF_CLOSE:
            writer.write_eof()
        if fault in (Fault.STALL, Fault.HALF_CLOSE):
            await sending   # until the client gives up
        return True

    def _strikes(self) -> bool:
        return self._plan.fault not in (Fault.NONE, Fault.DEAF, Fault.REFUSE) and not self._proxy.calm

    def _due(self) -> bool:
        return self._strikes() and (self._passed >= self._plan.after_bytes
                                    or time.monotonic() - self._born >= self._plan.after_seconds)

    def _seconds_left(self) -> float:
        """How long to wait for the server before looking again."""
        if not self._strikes():
            return 1.0
        return max(self._plan.after_seconds - (time.monotonic() - self._born), 0)


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def serve(host: str, port: int, seed: int) -> None:
    proxy = Proxy(host, port, seed)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    _say({"port": server.sockets[0].getsockname()[1]})
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    telling = asyncio.create_task(_tell(proxy))
    while command := (await commands.readline()).strip():
        proxy.calm = command == b"calm"
    telling.cancel()


async def _tell(proxy: Proxy) -> None:
    while True:
        await asyncio.sleep(1)
        _say(dict(proxy.counters))


def _say(line: dict) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
