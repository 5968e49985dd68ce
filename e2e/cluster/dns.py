"""One DNS question, to see whether a node's Services work: the answer comes through its kube-proxy or not at all."""

import socket
import struct

from cluster import network

QUESTION_ID = 0x5B
NAME = "kubernetes.default.svc.cluster.local"


def answers(server: str = network.DNS_SERVICE_IP, seconds: float = 0.5) -> bool:
    """Whether the cluster's DNS resolves the API server's Service, asked from the calling thread's namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(seconds)
        try:
            asking.sendto(question(NAME), (server, 53))
            return network.API_SERVICE_IP in addresses(asking.recv(512))
        except OSError:
            return False


def question(name: str) -> bytes:
    """RFC 1035, 4.1: a recursive question for A records."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", QUESTION_ID, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def addresses(reply: bytes) -> list[str]:
    """The A records of a reply to one question."""
    if len(reply) < 12:
        return []
    identifier, _, _, answer_count, _, _ = struct.unpack("!6H", reply[:12])
    if identifier != QUESTION_ID:
        return []
    at = _after_name(reply, 12) + 4
    found = []
    for _ in range(answer_count):
        at = _after_name(reply, at)
        kind, _, _, size = struct.unpack("!2HIH", reply[at : at + 10])
        if kind == 1 and size == 4:
            found.append(socket.inet_ntoa(reply[at + 10 : at + 14]))
        at += 10 + size
    return found


def _after_name(reply: bytes, at: int) -> int:
    while reply[at] != 0:
        if reply[at] >= 0xC0:  # a pointer to a name elsewhere ends this one
            return at + 2
        at += 1 + reply[at]
    return at + 1
