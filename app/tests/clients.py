"""Clients that ask all the time, and what tests of several topics do with a database."""

import concurrent.futures
import contextlib
import http.client
import subprocess
import threading
import time
import uuid


class Clients:
    """Keep-alive clients that ask again as soon as they have an answer, until finish()."""

    def __init__(self, port, clients=8, timeout=30):
        self.port, self.timeout = port, timeout
        self.stopping = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(clients)
        for _ in range(clients):
            self.pool.submit(self.run)

    def run(self):
        connection = None
        while not self.stopping.is_set():
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
                if self.ask(connection):
                    connection.close()
                    connection = None
            except Exception as error:  # whatever a client can see is a failure
                self.failed(error)
                connection = None
                time.sleep(0.01)

    def ask(self, connection) -> bool:
        """One request and its answer; whether the connection ends."""
        raise NotImplementedError

    def failed(self, error):
        """No answer came."""

    def finish(self):
        self.stopping.set()
        self.pool.shutdown()
        return self


class Load(Clients):
    """GETs of one path; what they got."""

    def __init__(self, api, path, clients=8):
        self.path = path
        self.answers, self.failures = [], []
        super().__init__(api.port, clients)

    def ask(self, connection):
        connection.request("GET", self.path)
        answer = connection.getresponse()
        answer.read()
        self.answers.append((time.monotonic(), answer.status, answer.getheader("Retry-After")))
        return answer.will_close

    def failed(self, error):
        self.failures.append((time.monotonic(), repr(error)))


class Writers(Clients):
    """Clients that create tasks as fast as they can; the titles that were answered with 200."""

    def __init__(self, port, owner, clients=8):
        self.owner = owner
        self.acknowledged, self.refused = [], []
        super().__init__(port, clients, timeout=10)

    def ask(self, connection):
        title = str(uuid.uuid4())
        connection.request("POST", f"/tasks/?title={title}&owner_id={self.owner}")
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            self.acknowledged.append(title)
        else:
            self.refused.append((answer.status, answer.getheader("Retry-After")))
            time.sleep(0.01)
        return answer.will_close


def make_user(api):
    name = str(uuid.uuid4())
    return api.post("/users/", username=name)[1]["id"], name


@contextlib.contextmanager
def locked(postgres, table):
    """Every statement on the table waits until this ends."""
    session = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", postgres.url], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    session.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
    session.stdin.flush()
    assert session.stdout.readline().strip() == "locked"
    try:
        yield
    finally:
        session.communicate("ROLLBACK;\n", timeout=60)


def waiting(postgres) -> int:
    return int(postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
