"""Each fault is what it says: a soak behind a proxy that only forwards would prove nothing."""

import asyncio
import random
from types import SimpleNamespace

import pytest

from chaos.watch import faults
from chaos.watch import proxy as proxies
from chaos.watch.faults import Fault, Plan
from chaos.watch.proxy import Proxy

BODY = bytes(range(256)) * 400
_SECONDS = 60
# What STALL and DEAF look like: the only way to see that nothing more comes is to wait.
_SILENCE_SECONDS = 0.7


async def _server(reader, writer):
    """Says BODY when asked, and then no more, until the client leaves."""
    try:
        if await reader.read(1):
            writer.write(BODY)
            await writer.drain()
            await reader.read()
    except ConnectionError:
        pass
    writer.close()


class Outcome:
    def __init__(self, received: bytes, ended: str, proxy: Proxy) -> None:
        self.received = received
        self.ended = ended    # eof, reset, silent
        self.faults = {name: count for name, count in proxy.counters.items() if name != "connections"}


def attempt(plan: Plan, monkeypatch, silent_from=None, calm=False, then=faults.CALM,
            on_bytes=lambda count: None) -> Outcome:
    """What a client gets through a proxy whose first connection has this plan, and the next life of it the other.
    `silent_from`: only after so many bytes may there be silence; before, and if None, it is a machine that is slow."""
    plans = iter([plan])
    monkeypatch.setattr(faults, "plan", lambda chance: next(plans, then))

    async def run() -> Outcome:
        target = await asyncio.start_server(_server, "127.0.0.1", 0)
        proxy = Proxy("127.0.0.1", target.sockets[0].getsockname()[1], seed=1)
        proxy.calm = calm
        entrance = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", entrance.sockets[0].getsockname()[1])
        received, ended = b"", ""
        try:
            writer.write(b"?")
            while not ended:
                silent = silent_from is not None and len(received) >= silent_from
                data = await asyncio.wait_for(reader.read(65536), _SILENCE_SECONDS if silent else None)
                received += data
                on_bytes(len(received))
                ended = "" if data else "eof"
        except ConnectionError:
            ended = "reset"
        except TimeoutError:
            ended = "silent"
        writer.close()
        for server in (entrance, target):
            server.close()
        return Outcome(received, ended, proxy)

    return asyncio.run(asyncio.wait_for(run(), _SECONDS))


def plan_of(fault, after_bytes=1000, after_seconds=60.0, lasts=0.2, splits=False):
    return Plan(fault, after_bytes, after_seconds, lasts, splits)


@pytest.mark.parametrize("splits", [False, True])
def test_without_a_fault_every_byte_passes(monkeypatch, splits):
    outcome = attempt(plan_of(Fault.NONE, splits=splits), monkeypatch, silent_from=len(BODY))
    assert (outcome.received, outcome.ended, outcome.faults) == (BODY, "silent", {})


@pytest.mark.parametrize("fault, ended", [(Fault.CUT, "eof"), (Fault.HALF_CLOSE, "eof"), (Fault.STALL, "silent")])
def test_the_fault_strikes_at_the_very_byte(monkeypatch, fault, ended):
    outcome = attempt(plan_of(fault, after_bytes=777), monkeypatch, silent_from=777 if ended == "silent" else None)
    assert (outcome.received, outcome.ended) == (BODY[:777], ended)
    assert outcome.faults == {fault.value: 1}


def test_a_reset_is_a_reset(monkeypatch):
    outcome = attempt(plan_of(Fault.RESET), monkeypatch)
    assert outcome.ended == "reset"
    assert BODY.startswith(outcome.received) and len(outcome.received) <= 1000


def test_a_fault_may_also_strike_by_time(monkeypatch):
    now = 0.0   # of the proxy's clock, which goes on when all has arrived

    def on_bytes(count):
        nonlocal now
        now = 1.0 if count == len(BODY) else 0.0

    monkeypatch.setattr(proxies, "time", SimpleNamespace(monotonic=lambda: now))
    outcome = attempt(plan_of(Fault.CUT, after_bytes=10**9, after_seconds=0.2), monkeypatch, on_bytes=on_bytes)
    assert (outcome.received, outcome.ended) == (BODY, "eof")


@pytest.mark.parametrize("fault", [Fault.PAUSE, Fault.TRICKLE])
def test_what_only_takes_long_loses_no_byte(monkeypatch, fault):
    outcome = attempt(plan_of(fault), monkeypatch, silent_from=len(BODY))
    assert (outcome.received, outcome.ended, outcome.faults) == (BODY, "silent", {fault.value: 1})


def test_a_pause_is_not_the_last_of_it(monkeypatch):
    outcome = attempt(plan_of(Fault.PAUSE), monkeypatch, then=plan_of(Fault.CUT, after_bytes=500))
    assert (outcome.received, outcome.ended) == (BODY[:1500], "eof")


@pytest.mark.parametrize("fault, ended", [(Fault.REFUSE, "reset"), (Fault.DEAF, "silent")])
def test_some_connections_never_reach_the_server(monkeypatch, fault, ended):
    outcome = attempt(plan_of(fault), monkeypatch, silent_from=0 if ended == "silent" else None)
    assert (outcome.received, outcome.ended, outcome.faults) == (b"", ended, {fault.value: 1})


def test_calm_means_no_fault(monkeypatch):
    outcome = attempt(plan_of(Fault.CUT), monkeypatch, silent_from=len(BODY), calm=True)
    assert (outcome.received, outcome.ended, outcome.faults) == (BODY, "silent", {})


def test_every_fault_comes_up():
    chance = random.Random(7)
    assert {faults.plan(chance).fault for _ in range(500)} == set(Fault)


def test_pieces_are_the_same_bytes():
    chance = random.Random(7)
    parts = faults.pieces(BODY, chance)
    assert b"".join(parts) == BODY and len(parts) > 10 and min(map(len, parts)) < 13
    assert faults.pieces(b"", chance) == []
