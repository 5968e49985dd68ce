"""What connections cost that are open and say nothing."""

import resource
import socket
from dataclasses import dataclass

from app.bench import processes
from harness.failure import Failure

_REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
_SPARE_DESCRIPTORS = 1000


@dataclass(frozen=True)
class Idle:
    connections: int
    before_mb: float   # resident, with none
    after_mb: float    # ... with all of them, each of which has had an answer


def raise_descriptor_limit(connections: int) -> None:
    """Of this process and what it starts. Beyond the hard limit only root can."""
    wanted = connections + _SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, PermissionError):
            raise Failure(f"{connections:,} idle connections need {wanted:,} descriptors and {hard:,} are allowed: "
                          f"raise it (ulimit -Hn {wanted}), or use --idle 0") from None
    elif soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def hold(port: int, pid: int, connections: int) -> Idle:
    before_mb = processes.resident_mb(pid)
    held: list[socket.socket] = []
    try:
        for number in range(connections):
            held.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            held[-1].sendall(_REQUEST)
            if not held[-1].recv(4096).startswith(b"HTTP/1.1 200"):
                raise Failure(f"connection {number + 1} of {connections} was not answered with 200")
        return Idle(connections, before_mb, processes.resident_mb(pid))
    except OSError as error:
        raise Failure(f"connection {len(held)} of {connections}: {error}") from None
    finally:
        for connection in held:
            connection.close()
