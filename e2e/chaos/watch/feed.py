"""What an informer said it saw: the lines of chaos_watch (feed.h), decoded. Pure."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    before: int   # the version that the cache had reached; 0: none
    rv: int
    items: int


@dataclass(frozen=True, slots=True)
class Event:
    type: str     # ADDED, MODIFIED, DELETED
    key: str
    uid: str
    rv: int


@dataclass(frozen=True, slots=True)
class CacheChange:
    """on_change: 0 for `old` is an object that was not there, 0 for `rv` one that is gone."""

    key: str
    uid: str
    old: int
    rv: int


@dataclass(frozen=True, slots=True)
class Opened:
    rv: int


@dataclass(frozen=True, slots=True)
class Ended:
    pass


@dataclass(frozen=True, slots=True)
class Failed:
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Cache:
    dump: int
    rv: int
    objects: dict[str, tuple[str, int, str]]   # key -> uid, version, hash of the content


Record = Listed | Event | CacheChange | Opened | Ended | Failed | Cache


def decode(line: str) -> tuple[str, Record]:
    """(informer, record)."""
    said = json.loads(line)
    informer, note = said["informer"], said["note"]
    if note == "event":
        return informer, Event(said["type"], said["key"], said["uid"], _version(said["rv"]))
    if note == "change":
        return informer, CacheChange(said["key"], said["uid"], _version(said["old"]), _version(said["rv"]))
    if note == "listed":
        return informer, Listed(_version(said["before"]), _version(said["rv"]), said["items"])
    if note == "opened":
        return informer, Opened(_version(said["rv"]))
    if note == "ended":
        return informer, Ended()
    if note == "failed":
        return informer, Failed(said["code"], said["message"])
    if note == "cache":
        objects = {key: (uid, _version(rv), digest) for key, uid, rv, digest in said["objects"]}
        return informer, Cache(said["dump"], _version(said["rv"]), objects)
    raise ValueError(f"no such note: {note}")


def _version(text: str) -> int:
    return int(text) if text else 0
