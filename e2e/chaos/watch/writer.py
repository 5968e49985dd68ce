"""Writes at a steady rate, and remembers each write that happened.

    writer = Writer(rate=200, seed=7, log=Path("out/chaos/writes.jsonl"))
    writer.start(); …; writer.stop()
    writer.take(CONFIG_MAPS)     # what was written since the last call

Each object belongs to one thread, and each write has the last known version (or absence) as its precondition: so an
object's writes are in order, a write whose answer was lost can happen at most once, and a read tells whether it did.
"""

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

from chaos.watch.history import Labels, Write
from chaos.watch.objects import KINDS, Kind, random_content, random_labels
from chaos.watch.server import Answer, Server, Unknown
from harness.failure import Failure

_THREADS = 20
_PATIENCE_SECONDS = 60.0   # of the writes that an outage kept back, those of the last minute are made up for

# How often each happens to an object that exists: its content changes, it enters or leaves the selection, it goes, it
# goes and comes back under its name.
_OPERATIONS = (("update", 66), ("relabel", 14), ("delete", 8), ("recreate", 12))


class Slot:
    """One name and what is known to be there."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.kind = kind
        self.name = name
        self.uid = ""
        self.rv = 0
        self.labels: Labels = {}


class Writer:
    def __init__(self, rate: float, seed: int, log: Path) -> None:
        self._stopping = threading.Event()
        self._writes: dict[Kind, list[Write]] = {kind: [] for kind in KINDS}
        self._log = log.open("w", encoding="utf-8")
        self._record_lock = threading.Lock()   # guards _writes, _log and the counters
        self._failures: list[BaseException] = []
        self.acknowledged = 0
        self.resolved = 0   # of them: found done after the answer was lost
        slots = [Slot(kind, name) for kind in KINDS for name in kind.names()]
        random.Random(seed).shuffle(slots)
        self._threads = [
            threading.Thread(target=self._work, name=f"writer-{i}", daemon=True,
                             args=(slots[i::_THREADS], rate / _THREADS, random.Random(f"{seed}-{i}")))
            for i in range(_THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns when every write is answered or resolved."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(300)
        self.check()
        if any(thread.is_alive() for thread in self._threads):
            raise Failure("the writer does not end")
        self._log.close()

    def check(self) -> None:
        if self._failures:
            raise Failure(f"the writer failed: {self._failures[0]!r}") from self._failures[0]

    def take(self, kind: Kind) -> list[Write]:
        with self._record_lock:
            taken, self._writes[kind] = self._writes[kind], []
            return taken

    def _work(self, slots: list[Slot], rate: float, chance: random.Random) -> None:
        try:
            server = Server()
            due, sequence = time.monotonic() + chance.random() / rate, 0
            while not self._stopping.wait(max(due - time.monotonic(), 0)):
                due = max(due + 1 / rate, time.monotonic() - _PATIENCE_SECONDS)
                sequence += 1
                slot = chance.choice(slots)
                if not slot.uid:
                    self._create(server, slot, chance, sequence)
                    continue
                operation = chance.choices(*zip(*_OPERATIONS))[0]
                if operation in ("delete", "recreate"):
                    self._delete(server, slot)
                    if operation == "recreate" and not slot.uid:
                        due += 1 / rate
                        self._create(server, slot, chance, sequence)
                else:
                    self._update(server, slot, chance, sequence, operation == "relabel")
            server.close()
        except BaseException as failure:   # reported by check() on the main thread
            self._failures.append(failure)

    def _create(self, server: Server, slot: Slot, chance: random.Random, sequence: int) -> None:
        body = slot.kind.body(slot.name, random_labels(chance), random_content(slot.kind, chance, sequence), sequence)
        self._write(server, slot, "POST", slot.kind.collection, body)

    def _update(self, server: Server, slot: Slot, chance: random.Random, sequence: int, relabel: bool) -> None:
        labels = dict(slot.labels)
        if relabel:
            labels["pool"] = "red" if labels["pool"] == "blue" else "blue"
        body = slot.kind.body(slot.name, labels, random_content(slot.kind, chance, sequence), sequence)
        body["metadata"]["resourceVersion"] = str(slot.rv)
        self._write(server, slot, "PUT", f"{slot.kind.collection}/{slot.name}", body)

    def _delete(self, server: Server, slot: Slot) -> None:
        body = {"apiVersion": "v1", "kind": "DeleteOptions",
                "preconditions": {"uid": slot.uid, "resourceVersion": str(slot.rv)}}
        self._write(server, slot, "DELETE", f"{slot.kind.collection}/{slot.name}", body)

    def _write(self, server: Server, slot: Slot, method: str, path: str, body: dict[str, Any]) -> None:
        try:
            answer = server.call(method, path, body)
        except Unknown:
            answer = Answer(0, {})
        if answer.status not in (200, 201):
            # Lost, refused, overtaken by a write of ours that was thought lost: what counts is what is there now.
            self._resolve(server, slot)
        elif method == "DELETE":
            self._note(slot, None, resolved=False)
        else:
            self._note(slot, answer.body, resolved=False)

    def _resolve(self, server: Server, slot: Slot) -> None:
        thing = server.read(slot.kind.collection, slot.name)
        if thing is None:
            if slot.uid:
                self._note(slot, None, resolved=True)
        elif int(thing["metadata"]["resourceVersion"]) != slot.rv:
            self._note(slot, thing, resolved=True)

    def _note(self, slot: Slot, thing: dict[str, Any] | None, resolved: bool) -> None:
        """What is there now (None: nothing) came of one write."""
        if thing is None:
            write = Write(slot.name, "delete", slot.uid, None, slot.labels, resolved)
            slot.uid, slot.rv, slot.labels = "", 0, {}
        else:
            metadata = thing["metadata"]
            operation = "update" if metadata["uid"] == slot.uid else "create"
            slot.uid, slot.rv, slot.labels = metadata["uid"], int(metadata["resourceVersion"]), metadata["labels"]
            write = Write(slot.name, operation, slot.uid, slot.rv, slot.labels, resolved)
        with self._record_lock:
            self._writes[slot.kind].append(write)
            self.acknowledged += 1
            self.resolved += resolved
            self._log.write(json.dumps({"kind": slot.kind.kind, "key": write.key, "uid": write.uid, "rv": write.rv,
                                        "op": write.op, "resolved": resolved}) + "\n")
