"""What happened, put together while it happens: etcd's log and the writer's, and what each informer should have seen."""

import bisect
import time

from chaos.watch import oracle
from chaos.watch.etcd import Follower
from chaos.watch.feed import Cache, Record
from chaos.watch.history import Change, Ledger, Selection
from chaos.watch.objects import INFORMERS, KINDS, Kind, Watched
from chaos.watch.oracle import Finding, Replay
from chaos.watch.writer import Writer
from harness.failure import Failure


class Truth:
    """Used by one thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._followers = {kind: Follower(kind) for kind in KINDS}
        self._ledgers = {kind: Ledger(kind.names()) for kind in KINDS}
        self._stored: dict[Kind, dict[str, int]] = {kind: {} for kind in KINDS}
        self._selections = {watched: Selection(watched.selects) for watched in INFORMERS}
        self._replays = {watched: Replay(self._selections[watched].changes) for watched in INFORMERS}

    def update(self) -> None:
        """Takes in what has come since."""
        for kind, ledger in self._ledgers.items():
            # The writer's log first: then etcd's is at least as far.
            writes = self._writer.take(kind)
            for revision in ledger.extend(self._followers[kind].take(), writes):
                if revision.deleted:
                    self._stored[kind].pop(revision.key, None)
                else:
                    self._stored[kind][revision.key] = revision.rv
                for watched, selection in self._selections.items():
                    if watched.kind is kind:
                        selection.take(revision)

    def positions(self) -> dict[Kind, int]:
        """Up to which version everything is known."""
        self.update()
        return {kind: ledger.position for kind, ledger in self._ledgers.items()}

    def behind(self, watched: Watched, at: int, cache: Cache, seconds: float = 60) -> list[Finding]:
        """Of which objects the cache does not have the state of version `at` or a later one; `at` must not shrink from
        call to call."""
        newest = max((rv for _, rv, _ in cache.objects.values()), default=0)
        deadline = time.monotonic() + seconds
        while self.positions()[watched.kind] < newest:
            if time.monotonic() >= deadline:
                raise Failure(f"the truth lags behind the cache of {watched.name} by {seconds:g} s")
            time.sleep(0.1)
        changes = self.changes(watched)
        later = changes[bisect.bisect_right(changes, at, key=lambda change: change.rv):]
        return oracle.behind(self._replays[watched].to(at), later, cache)

    def finish(self, seconds: float = 20) -> None:
        """After the writer's end: waits until all of etcd's log is here, and fails if it contradicts the writer's."""
        deadline = time.monotonic() + seconds
        wanted = {kind: follower.stored() for kind, follower in self._followers.items()}
        while True:
            self.update()
            if self._stored == wanted:
                break
            if time.monotonic() >= deadline:
                for ledger in self._ledgers.values():
                    ledger.finish()
                raise Failure("etcd's log does not lead to what etcd has")
            time.sleep(0.1)
        for ledger in self._ledgers.values():
            ledger.finish()

    def changes(self, watched: Watched) -> list[Change]:
        return self._selections[watched].changes

    def audit(self, watched: Watched, feed: list[Record]) -> list[Finding]:
        return oracle.audit(self.changes(watched), feed)
