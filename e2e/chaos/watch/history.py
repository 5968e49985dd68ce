"""What really happened to the objects of one kind: every change, in the order of etcd, with what its writer knows. Pure.

    ledger = Ledger(names=CONFIG_MAPS.names())
    selection = Selection(in_blue)
    for revision in ledger.extend(from_etcd, from_writer):
        selection.take(revision)
    selection.changes                   # what a watch with that selector must have told
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of one object, as etcd recorded it; what etcd does not tell comes from the writer."""

    rv: int
    key: str
    deleted: bool
    uid: str = ""
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """A change that the API server acknowledged, or that was found done after its answer was lost."""

    key: str
    op: str          # create, update, delete
    uid: str
    rv: int | None   # a deletion's answer does not tell it
    labels: Labels
    resolved: bool = False

    @property
    def deleted(self) -> bool:
        return self.op == "delete"


class Unexplained(Exception):
    """etcd and the writer's log contradict each other: the harness is wrong, or etcd lost a write."""


class Ledger:
    """Joins etcd's log, which is complete and in order, with the writer's, which knows uids and labels."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)   # of the writer's objects: nobody else may write those
        self._revisions: deque[Revision] = deque()
        self._writes: dict[str, deque[Write]] = defaultdict(deque)
        self.position = 0   # the last version that is explained

    def extend(self, revisions: Iterable[Revision], writes: Iterable[Write]) -> list[Revision]:
        """What is explained now and was not before, in order. An answer that is still under way holds up the rest."""
        self._revisions.extend(revisions)
        for write in writes:
            self._writes[write.key].append(write)
        explained = []
        while self._revisions:
            revision = self._revisions[0]
            if revision.key in self._names:
                mine = self._writes[revision.key]
                if not mine:
                    break
                write = mine.popleft()
                if write.deleted != revision.deleted or (write.rv is not None and write.rv != revision.rv):
                    raise Unexplained(f"etcd has {revision} where the writer did {write}")
                revision = replace(revision, uid=write.uid, labels=write.labels)
            self._revisions.popleft()
            self.position = revision.rv
            explained.append(revision)
        return explained

    def finish(self) -> None:
        """Every write must be in etcd, and of the writer's objects nothing else."""
        if self._revisions:
            raise Unexplained(f"{self._revisions[0]} is in etcd, but nobody wrote it")
        for writes in self._writes.values():
            if writes:
                raise Unexplained(f"acknowledged, but not in etcd: {writes[0]}")


@dataclass(frozen=True, slots=True)
class Change:
    """What a watch with one selector must tell of a revision."""

    rv: int
    key: str
    type: str   # ADDED, MODIFIED, DELETED
    uid: str


class Selection:
    """An object that comes into the selection is ADDED, one that leaves it is DELETED; what is outside is silent."""

    def __init__(self, selects: Callable[[Labels], bool]) -> None:
        self._selects = selects
        self._inside: dict[str, str] = {}   # key -> uid
        self.changes: list[Change] = []

    def take(self, revision: Revision) -> None:
        was = revision.key in self._inside
        now = not revision.deleted and self._selects(revision.labels)
        if now:
            self.changes.append(Change(revision.rv, revision.key, "MODIFIED" if was else "ADDED", revision.uid))
            self._inside[revision.key] = revision.uid
        elif was:
            self.changes.append(Change(revision.rv, revision.key, "DELETED", self._inside.pop(revision.key)))
