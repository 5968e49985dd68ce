"""Whether an informer saw all that happened: its feed against the history of etcd. Pure.

    findings = audit(selection.changes, feed)    # empty: nothing missed, nothing invented, never backwards
    findings += compare(server, cache)           # and at the end they are the same

A change may be missing from the events only where a relist covers it: between the version that the cache had before and
the version of the list. Versions are compared as numbers, which Kubernetes promises for its own kinds (KEP-5504).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chaos.watch.feed import Cache, CacheChange, Ended, Event, Failed, Listed, Opened, Record
from chaos.watch.history import Change

State = dict[str, tuple[str, int]]   # key -> uid, version

MISSED = "missed"          # an update that no event told and no relist covers
INVENTED = "invented"      # an event that the server never had
WRONG_TYPE = "wrong type"
BACKWARDS = "backwards"    # an object, or a relist, older than what was seen before
UNEQUAL = "unequal"        # the cache is not what the server had at the version that it claims
SILENT = "silent"          # an event that did not reach the handlers as it was


@dataclass(frozen=True)
class Finding:
    kind: str
    key: str
    rv: int
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.key} at {self.rv}: {self.text}"


class Replay:
    """The server's state of a selection at growing versions."""

    def __init__(self, expected: Sequence[Change]) -> None:
        self._expected = expected
        self._next = 0
        self.state: State = {}

    def to(self, rv: int) -> State:
        while self._next < len(self._expected) and self._expected[self._next].rv <= rv:
            change = self._expected[self._next]
            if change.type == "DELETED":
                self.state.pop(change.key, None)
            else:
                self.state[change.key] = (change.uid, change.rv)
            self._next += 1
        return self.state


class _Audit:
    """One pass over a feed. Changes of the cache come before the event or list that brought them."""

    def __init__(self, expected: Sequence[Change]) -> None:
        self._by_change = {(change.key, change.rv): change for change in expected}
        self._replay = Replay(expected)
        self._delivered: set[tuple[str, int]] = set()
        self._windows: list[tuple[int, int]] = []
        self._last_event: dict[str, int] = {}
        self._cache: State = {}
        self._pending: list[CacheChange] = []
        self.findings: list[Finding] = []

    def take(self, record: Record) -> None:
        if isinstance(record, CacheChange):
            self._on_change(record)
            return
        brought, self._pending = self._pending, []
        if isinstance(record, Event):
            self._on_event(record, brought)
        elif isinstance(record, Listed):
            self._on_list(record)
        else:
            self._orphans(brought)

    def finish(self, expected: Sequence[Change]) -> None:
        self._orphans(self._pending)
        for change in expected:
            if (change.key, change.rv) in self._delivered or self._covered(change.rv):
                continue
            self._find(MISSED, change.key, change.rv, f"{change.type}: no event told it and no relist covers it")

    def _on_event(self, event: Event, brought: list[CacheChange]) -> None:
        change = self._by_change.get((event.key, event.rv))
        if change is None:
            self._find(INVENTED, event.key, event.rv, f"{event.type}, which the server did not have")
        elif change.type != event.type:
            self._find(WRONG_TYPE, event.key, event.rv, f"{event.type} instead of {change.type}")
        elif change.uid and change.uid != event.uid:
            self._find(WRONG_TYPE, event.key, event.rv, f"{event.type} of {event.uid} instead of {change.uid}")
        if event.rv <= self._last_event.get(event.key, 0):
            self._find(BACKWARDS, event.key, event.rv, f"{event.type} after {self._last_event[event.key]}")
        self._last_event[event.key] = event.rv
        self._delivered.add((event.key, event.rv))
        told = [(each.key, each.rv) for each in brought]
        if told != [(event.key, 0 if event.type == "DELETED" else event.rv)]:
            self._find(SILENT, event.key, event.rv, f"{event.type}: the handlers were told {told or 'nothing'}")

    def _on_list(self, listed: Listed) -> None:
        if listed.rv < listed.before:
            self._find(BACKWARDS, "the list", listed.rv, f"older than the cache, which had {listed.before}")
        self._windows.append((listed.before, listed.rv))
        truth = self._replay.to(listed.rv)
        if listed.items != len(truth):
            self._find(UNEQUAL, "the list", listed.rv, f"{listed.items} items where the server had {len(truth)}")
        for key in sorted(truth.keys() | self._cache.keys()):
            if not _same(truth.get(key), self._cache.get(key)):
                self._find(UNEQUAL, key, listed.rv,
                           f"after a relist the cache has {self._cache.get(key)}, the server had {truth.get(key)}")

    def _on_change(self, change: CacheChange) -> None:
        _, held = self._cache.get(change.key, ("", 0))
        if change.old != held:
            self._find(SILENT, change.key, change.rv, f"the handler was told {change.old} as old, it knew {held}")
        if change.rv and change.rv <= held:
            self._find(BACKWARDS, change.key, change.rv, f"in the cache after {held}")
        if change.rv:
            self._cache[change.key] = (change.uid, change.rv)
        else:
            self._cache.pop(change.key, None)
        self._pending.append(change)

    def _orphans(self, changes: list[CacheChange]) -> None:
        for change in changes:
            self._find(INVENTED, change.key, change.rv, "changed in the cache by no event and no list")

    def _covered(self, rv: int) -> bool:
        return any(before < rv <= after for before, after in self._windows)

    def _find(self, kind: str, key: str, rv: int, text: str) -> None:
        self.findings.append(Finding(kind, key, rv, text))


def audit(expected: Sequence[Change], feed: Iterable[Record]) -> list[Finding]:
    """All that is wrong with a feed that ends when the informer has caught up with `expected`."""
    auditor = _Audit(expected)
    for record in feed:
        auditor.take(record)
    auditor.finish(expected)
    return auditor.findings


def compare(server: Mapping[str, tuple[str, int, str]], cache: Cache) -> list[Finding]:
    """Differences between the server's list and the cache, content included."""
    return [Finding(UNEQUAL, key, cache.rv, f"the cache has {cache.objects.get(key)}, the server {server.get(key)}")
            for key in sorted(server.keys() | cache.objects.keys()) if server.get(key) != cache.objects.get(key)]


def behind(state: State, later: Iterable[Change], cache: Cache) -> list[Finding]:
    """Objects of which the cache has neither this state of the server nor a later one. `later` are the changes since
    that state, and must go beyond whatever the cache can have."""
    since: dict[str, list[Change]] = {}
    for change in later:
        since.setdefault(change.key, []).append(change)
    result = []
    for key in sorted(state.keys() | cache.objects.keys()):
        uid, rv, _ = cache.objects.get(key, ("", 0, ""))
        if _same(state.get(key), (uid, rv) if rv else None):
            continue
        if any((change.type == "DELETED" and not rv) or change.rv == rv for change in since.get(key, ())):
            continue
        result.append(Finding(UNEQUAL, key, cache.rv, f"the cache still has {rv or 'nothing'}, not {state.get(key)}"))
    return result


def explain(finding: Finding, expected: Sequence[Change], feed: Sequence[Record], around: int = 4) -> list[str]:
    """The history of the finding's object and what the informer said around that version, for a person."""
    mine = [change for change in expected if change.key == finding.key]
    here = next((i for i, change in enumerate(mine) if change.rv >= finding.rv), len(mine))
    lines = [f"  server    {change.rv} {change.type} {change.key}" for change in mine[max(here - around, 0):here + around]]
    spot = next((i for i, record in enumerate(feed)
                 if isinstance(record, (Event, Listed)) and record.rv >= finding.rv), len(feed))
    shown = [record for record in feed[max(spot - 3 * around, 0):spot + 3 * around]
             if isinstance(record, (Event, Listed, Opened, Ended, Failed))]
    return lines + [f"  informer  {record}" for record in shown]


def _same(truth: tuple[str, int] | None, held: tuple[str, int] | None) -> bool:
    """A foreign object's uid is not known from etcd."""
    if truth is None or held is None:
        return truth == held
    return truth[1] == held[1] and truth[0] in ("", held[0])
