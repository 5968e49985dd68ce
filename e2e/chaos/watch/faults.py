"""Which fault a connection gets, and when. Pure: all chance comes from the given generator."""

import random
from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    NONE = "none"
    CUT = "cut"                # both sides are closed in good order, in the middle of anything
    RESET = "reset"            # the client gets a RST
    HALF_CLOSE = "half_close"  # the client gets a FIN, its own side stays open
    STALL = "stall"            # nothing passes any more, and nobody is told
    PAUSE = "pause"            # the same for a while
    TRICKLE = "trickle"        # a few bytes at a time for a while
    DEAF = "deaf"              # accepted, but the request never arrives
    REFUSE = "refuse"          # reset before anything was said


_WEIGHTS = {Fault.NONE: 10, Fault.CUT: 20, Fault.RESET: 20, Fault.HALF_CLOSE: 12, Fault.STALL: 5, Fault.PAUSE: 10,
            Fault.TRICKLE: 10, Fault.DEAF: 3, Fault.REFUSE: 6}
_MEAN_SECONDS = 12.0
_EARLY = 0.25   # of the connections: the fault strikes in the handshake or in the headers


@dataclass(frozen=True)
class Plan:
    """The fault strikes after so many bytes of the server's answers or so many seconds, whichever comes first."""

    fault: Fault
    after_bytes: int
    after_seconds: float
    lasts: float      # seconds, of PAUSE and TRICKLE
    splits: bool      # what passes is cut into pieces of any size


CALM = Plan(Fault.NONE, 0, 0, 0, False)


def plan(chance: random.Random) -> Plan:
    """Bytes over seven powers of ten: in the handshake, in the headers, in a list, in the middle of an event."""
    return Plan(
        fault=chance.choices(list(_WEIGHTS), weights=_WEIGHTS.values())[0],
        after_bytes=int(10 ** (chance.uniform(1, 3.8) if chance.random() < _EARLY else chance.uniform(3.8, 7))),
        after_seconds=chance.expovariate(1 / _MEAN_SECONDS),
        lasts=chance.uniform(0.5, 8),
        splits=chance.random() < 0.5,
    )


def pieces(data: bytes, chance: random.Random) -> list[bytes]:
    """The same bytes, split at random."""
    result, at = [], 0
    while at < len(data):
        size = chance.randint(1, 12) if chance.random() < 0.25 else chance.randint(1, 8000)
        result.append(data[at:at + size])
        at += size
    return result
