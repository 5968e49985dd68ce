"""The two programs beside the harness: the proxy and the watcher, each told what to do on stdin."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from chaos.watch.feed import Cache, Ended, Event, Failed, Listed, Opened, Record, decode
from harness.cluster import REPOSITORY
from harness.failure import Failure

_END_SECONDS = 15.0


class Proxy:
    def __init__(self, port: int, seed: int, log: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-m", "chaos.watch.proxy", "127.0.0.1", str(port), str(seed)], cwd=REPOSITORY / "e2e",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True, start_new_session=True)
        self.port = int(json.loads(self._process.stdout.readline())["port"])
        self.counters: dict[str, int] = {}
        threading.Thread(target=self._read, name="proxy", daemon=True).start()

    def calm(self) -> None:
        self._say("calm")

    def chaos(self) -> None:
        self._say("chaos")

    def close(self) -> None:
        _end(self._process)

    def _say(self, command: str) -> None:
        if self._process.poll() is not None:
            raise Failure("the proxy has ended")
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.counters = json.loads(line)


class Watcher:
    """chaos_watch and all that it has said."""

    def __init__(self, program: Path, settings: dict[str, Any], feed: Path, log: Path) -> None:
        self._names = [entry["name"] for entry in settings["informers"]]
        self._feed_lock = threading.Condition()   # guards everything below
        self._feeds: dict[str, list[Record]] = {name: [] for name in self._names}
        self._caches: dict[str, Cache] = {}
        self._counters: Counter[str] = Counter()
        self._problem = ""
        self._dumps = 0
        self._feed = feed.open("w", encoding="utf-8")
        self._process = subprocess.Popen([program, json.dumps(settings)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=log.open("w"), text=True, encoding="utf-8",
                                         start_new_session=True)
        self._thread = threading.Thread(target=self._read, name="watcher", daemon=True)
        self._thread.start()

    def feed(self, informer: str) -> list[Record]:
        with self._feed_lock:
            return list(self._feeds[informer])

    def counters(self) -> Counter[str]:
        """events, lists, opened, failed, gone_http (a watch refused), gone_stream (told in the stream)."""
        with self._feed_lock:
            return Counter(self._counters)

    def synced(self) -> bool:
        self.check()
        with self._feed_lock:
            return all(any(isinstance(record, Listed) for record in feed) for feed in self._feeds.values())

    def dump(self, seconds: float = 20) -> dict[str, Cache]:
        """Every cache as it is now."""
        self.check()
        self._dumps += 1
        self._process.stdin.write(f"dump {self._dumps}\n")
        self._process.stdin.flush()
        with self._feed_lock:
            got = self._feed_lock.wait_for(
                lambda: self._problem or (len(self._caches) == len(self._names)
                                          and all(c.dump == self._dumps for c in self._caches.values())), seconds)
            if not got or self._problem:
                raise Failure(self._problem or f"the watcher gave no cache within {seconds:g} s")
            return dict(self._caches)

    def check(self) -> None:
        if self._problem or self._process.poll() is not None:
            raise Failure(self._problem or f"the watcher ended with {self._process.returncode}")

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024

    def close(self) -> None:
        _end(self._process)
        self._thread.join(_END_SECONDS)
        self._feed.close()

    def _read(self) -> None:
        opened: dict[str, bool] = dict.fromkeys(self._names, False)
        try:
            for line in self._process.stdout:
                informer, record = decode(line)
                if isinstance(record, Cache):
                    with self._feed_lock:
                        self._caches[informer] = record
                        self._feed_lock.notify_all()
                    continue
                self._feed.write(f"{time.time():.3f} {line}")
                with self._feed_lock:
                    self._feeds[informer].append(record)
                    self._count(record, opened[informer])
                if isinstance(record, (Opened, Ended, Failed, Listed)):
                    opened[informer] = isinstance(record, Opened)
        except (ValueError, KeyError) as failure:
            with self._feed_lock:
                self._problem = f"the watcher said what cannot be read: {failure!r}: {line[:200]}"
                self._feed_lock.notify_all()

    def _count(self, record: Record, opened: bool) -> None:
        if isinstance(record, Event):
            self._counters["events"] += 1
        elif isinstance(record, Listed):
            self._counters["lists"] += 1
        elif isinstance(record, Opened):
            self._counters["opened"] += 1
        elif isinstance(record, Failed):
            self._counters["failed"] += 1
            self._counters[f"failed {record.code}"] += 1
            if record.code == "gone":
                self._counters["gone_stream" if opened else "gone_http"] += 1


def _end(process: subprocess.Popen) -> None:
    """Both end when nobody can tell them anything any more."""
    if process.poll() is None:
        process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()   # our own child, not waited for yet
            process.wait(_END_SECONDS)
