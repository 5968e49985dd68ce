"""What strangers send: refused, in bounded memory, while everybody else is served."""

import resource
import socket
import threading
import time
from pathlib import Path

import pytest
from servers import eventually


def resident_mb(todo) -> float:
    for line in Path(f"/proc/{todo.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def connect(api, timeout=15.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", api.port), timeout=timeout)


def exchange(api, sent: bytes, timeout=15.0) -> bytes:
    """All that the server says until it closes; what it does not read is not an error."""
    with connect(api, timeout) as peer:
        try:
            peer.sendall(sent)
        except OSError:
            pass
        received = b""
        try:
            while chunk := peer.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


def statuses(received: bytes) -> list[int]:
    return [int(line.split()[1]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


HOST = b"Host: todo\r\n"
SMUGGLED = b"GET /users/1 HTTP/1.1\r\nHost: todo\r\n\r\n"

REFUSED = {
    "length and chunks": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                          + SMUGGLED, {400}),
    "two lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED, {400}),
    "a list of lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 44\r\n\r\n" + SMUGGLED, {400}),
    "a signed length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n" + SMUGGLED, {400}),
    "a negative length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n" + SMUGGLED, {400}),
    "not quite chunked": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, {400, 501}),
    "chunked not last": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
                         {400, 501}),
    "chunks of HTTP/1.0": (b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, {400}),
    "a negative chunk": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", {400}),
    "an endless chunk size": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
                              {400, 413}),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", {400}),
    "space before the colon": (b"GET / HTTP/1.1\r\nHost : todo\r\n\r\n", {400}),
    "a folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n 2\r\n\r\n", {400}),
    "NUL in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: \0\r\n\r\n", {400}),
    "a control character in the target": (b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n", {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "1 MB of headers": (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(1000)) + b"\r\n",
                        {431}),
    "a header of 1 MB": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", {431}),
    "a target of 1 MB": (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414, 431}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_framing_is_refused_and_nothing_after_it_is_a_request(api, name):
    """A proxy and a server that disagree about where a request ends let one client answer another's."""
    sent, wanted = REFUSED[name]
    found = statuses(exchange(api, sent))
    assert len(found) == 1 and found[0] in wanted, found
    assert api.get("/")[0] == 200


def test_a_body_of_100_mb_is_refused_in_flat_memory(api):
    before = resident_mb(api)

    def announced(number):
        assert statuses(exchange(api, b"POST /tasks/ HTTP/1.1\r\n" + HOST + b"Content-Length: 104857600\r\n\r\n")) == [413]

    def streamed(number):
        with connect(api) as peer:
            peer.sendall(b"POST /tasks/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
            chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            try:
                for _ in range(1600):
                    peer.sendall(chunk)
            except OSError:
                return  # closed on us, as it should
        raise AssertionError("it took 100 MB")

    for attack in (announced, streamed):
        threads = [threading.Thread(target=attack, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    # Eight clients with the largest body that is allowed (1 MiB) each, and what the allocator keeps.
    assert resident_mb(api) < before + 24, (before, resident_mb(api))


@pytest.mark.parametrize("path", [
    "/users/%ff", "/tasks/%c3%28?skip=%fe", "/nothing/%80", "/users/1?x=%ff%fe", "/v1/tasks?q=%ff", "/docs/%2e%2e%2fetc/passwd",
    "/users/%00", "/%", "/%zz"])
def test_invalid_utf8_and_escapes_are_the_clients_errors(api, path):
    for method in ("GET", "POST"):
        status, _, body = api.call(method, path)
        assert status < 500, (method, status, body)


def test_invalid_utf8_in_a_query_is_replaced_as_fastapi_does(api):
    """Bytes that are no text must not reach the database, nor an answer."""
    user = api.post("/users/", username="hostile")[1]["id"]
    status, _, task = api.call("POST", f"/tasks/?title=a%ffb%c3&owner_id={user}")
    assert (status, task["title"]) == (200, "a\ufffdb\ufffd")


def test_slow_clients_hold_nobody_up_and_are_let_go(api):
    """Slowloris: headers that never end, one byte at a time."""
    slow = [connect(api) for _ in range(300)]
    for peer in slow:
        peer.sendall(b"GET / HTTP/1.1\r\n" + HOST)
    began = time.monotonic()
    while time.monotonic() - began < 14:
        for peer in slow:
            try:
                peer.sendall(b"X: a\r\n")
            except OSError:
                pass
        asked = time.monotonic()
        assert api.get("/")[0] == 200
        assert time.monotonic() - asked < 5
        time.sleep(1)
    for peer in slow:  # a request has 10 s, however slowly it comes
        peer.settimeout(10)
        received = b""
        try:
            while chunk := peer.recv(4096):
                received += chunk
        except ConnectionResetError:
            pass
        assert statuses(received) in ([408], []), received
        peer.close()


def test_ten_thousand_idle_connections_cost_little(api):
    """Browsers and proxies keep connections for minutes."""
    count = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 500)), hard))
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count + 500:
        pytest.skip(f"only {hard} descriptors are allowed here")
    before = resident_mb(api)
    held = []
    try:
        for _ in range(count):
            held.append(connect(api))
            held[-1].sendall(b"GET / HTTP/1.1\r\nHost: todo\r\n\r\n")
        for peer in held:
            assert peer.recv(4096).startswith(b"HTTP/1.1 200")
        assert resident_mb(api) - before <= 100
        assert api.get("/")[0] == 200
    finally:
        for peer in held:
            peer.close()
    eventually(lambda: api.get("/")[0] == 200)


def test_a_failure_can_be_found_in_the_log(todo):
    """Whoever reports an error can name the line that explains it."""
    alone = todo(DATABASE_URL=None)
    status, headers, _ = alone.call("GET", "/users/999999999", headers={
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id": "asked-by-me"})
    assert status == 503
    assert headers["X-Request-Id"] == "asked-by-me"
    line = next(line for line in alone.output().splitlines() if "asked-by-me" in line)
    assert "0af7651916cd43dd8448eb211c80319c" in line and "/users/{user_id}" in line
