"""The oracle must find every way in which an informer can be wrong: one that cannot fail proves nothing."""

import pytest

from chaos.watch.feed import Cache, CacheChange, Event, Listed, Opened
from chaos.watch.history import Ledger, Revision, Selection, Unexplained, Write
from chaos.watch.oracle import (BACKWARDS, INVENTED, MISSED, SILENT, UNEQUAL, WRONG_TYPE, Finding, Replay, audit, behind,
                                compare, explain)

BLUE = {"pool": "blue"}
RED = {"pool": "red"}


def put(rv, key="a", uid="u1", labels=BLUE):
    return Revision(rv, key, False, uid, labels)


def gone(rv, key="a", uid="u1"):
    return Revision(rv, key, True, uid, BLUE)


def blue_changes(*revisions):
    selection = Selection(lambda labels: labels.get("pool") == "blue")
    for revision in revisions:
        selection.take(revision)
    return selection.changes


EXPECTED = blue_changes(put(10), put(11, "b"), put(12), gone(13, "b"), put(14, "b", "u2"), put(15, labels=RED))


def event(kind, key, rv, uid="u1", old=0):
    """An event and, before it, the change of the cache that it brought."""
    return [CacheChange(key, uid, old, 0 if kind == "DELETED" else rv), Event(kind, key, uid, rv)]


def flat(*parts):
    return [record for part in parts for record in (part if isinstance(part, list) else [part])]


PERFECT = flat(
    Listed(0, 9, 0), Opened(9),
    event("ADDED", "a", 10), event("ADDED", "b", 11), event("MODIFIED", "a", 12, old=10),
    event("DELETED", "b", 13, old=11), event("ADDED", "b", 14, "u2"), event("DELETED", "a", 15, old=12))


def kinds(findings):
    return [(finding.kind, finding.key, finding.rv) for finding in findings]


def test_a_watch_tells_what_enters_and_leaves_the_selection():
    assert [(c.rv, c.type, c.key, c.uid) for c in EXPECTED] == [
        (10, "ADDED", "a", "u1"), (11, "ADDED", "b", "u1"), (12, "MODIFIED", "a", "u1"), (13, "DELETED", "b", "u1"),
        (14, "ADDED", "b", "u2"), (15, "DELETED", "a", "u1")]
    assert blue_changes(put(10, labels=RED), put(11, labels=RED), gone(12)) == [], "what never was inside is silent"


def test_a_perfect_feed_has_no_finding():
    assert audit(EXPECTED, PERFECT) == []


@pytest.mark.parametrize("dropped", range(2, len(PERFECT), 2))
def test_every_single_dropped_event_is_found(dropped):
    """What --sabotage does: the event comes neither to the cache nor to the handlers."""
    feed = PERFECT[:dropped] + PERFECT[dropped + 2:]
    lost = PERFECT[dropped + 1]
    assert (MISSED, lost.key, lost.rv) in kinds(audit(EXPECTED, feed))


def test_a_relist_covers_what_happened_in_between():
    feed = flat(PERFECT[:6], CacheChange("a", "u1", 10, 12), CacheChange("b", "u2", 11, 14), Listed(11, 14, 2),
                event("DELETED", "a", 15, old=12))
    assert audit(EXPECTED, feed) == []


def test_a_relist_covers_nothing_else():
    feed = flat(PERFECT[:6], CacheChange("a", "u1", 10, 12), CacheChange("b", "u2", 11, 14), Listed(12, 14, 2),
                event("DELETED", "a", 15, old=12))
    assert kinds(audit(EXPECTED, feed)) == [(MISSED, "a", 12)], "the cache claimed 12 before the list and never had it"


def test_a_relist_that_brings_another_state_is_found():
    feed = flat(PERFECT[:6], CacheChange("b", "u2", 11, 14), Listed(11, 14, 2),
                event("DELETED", "a", 15, old=10))
    assert kinds(audit(EXPECTED, feed)) == [(UNEQUAL, "a", 14)]
    ghost = flat(PERFECT[:8], Listed(12, 13, 1), event("ADDED", "b", 14, "u2", old=11),
                 event("DELETED", "a", 15, old=12))
    assert kinds(audit(EXPECTED, ghost)) == [(UNEQUAL, "b", 13)], "what was deleted meanwhile must vanish"
    short = flat(PERFECT[:6], CacheChange("a", "u1", 10, 12), CacheChange("b", "u2", 11, 14), Listed(11, 14, 1),
                 event("DELETED", "a", 15, old=12))
    assert kinds(audit(EXPECTED, short)) == [(UNEQUAL, "the list", 14)]


def test_an_object_never_goes_back():
    again = flat(PERFECT, Event("DELETED", "a", "u1", 15), Opened(15))
    assert kinds(audit(EXPECTED, again)) == [(BACKWARDS, "a", 15), (SILENT, "a", 15)]
    swapped = flat(PERFECT[:2], event("MODIFIED", "a", 12), event("ADDED", "a", 10, old=12), PERFECT[4:6],
                   event("DELETED", "b", 13, old=11), event("ADDED", "b", 14, "u2"),
                   event("DELETED", "a", 15, old=10))
    assert (BACKWARDS, "a", 10) in kinds(audit(EXPECTED, swapped))
    back = flat(PERFECT, CacheChange("a", "u1", 0, 12), Listed(15, 14, 2))
    assert (BACKWARDS, "the list", 14) in kinds(audit(EXPECTED, back))


def test_what_the_server_never_had_is_found():
    feed = flat(PERFECT, event("ADDED", "c", 16))
    assert kinds(audit(EXPECTED, feed)) == [(INVENTED, "c", 16)]
    feed = flat(PERFECT[:2], event("MODIFIED", "a", 10), PERFECT[4:])
    assert kinds(audit(EXPECTED, feed)) == [(WRONG_TYPE, "a", 10)]
    feed = flat(PERFECT[:2], event("ADDED", "a", 10, uid="another"), PERFECT[4:])
    assert kinds(audit(EXPECTED, feed)) == [(WRONG_TYPE, "a", 10)]


def test_an_event_that_the_handlers_do_not_get_is_found():
    feed = PERFECT[:2] + PERFECT[3:]   # the event came, the change did not
    assert (SILENT, "a", 10) in kinds(audit(EXPECTED, feed))
    feed = flat(PERFECT[:2], CacheChange("b", "u1", 0, 10), Event("ADDED", "a", "u1", 10))
    assert (SILENT, "a", 10) in kinds(audit(EXPECTED[:1], feed))


def test_a_change_that_nothing_brought_is_found():
    assert kinds(audit(EXPECTED, flat(PERFECT, CacheChange("x", "u", 0, 16)))) == [(INVENTED, "x", 16)]
    assert kinds(audit(EXPECTED, flat(PERFECT, CacheChange("x", "u", 0, 16), Opened(16)))) == [(INVENTED, "x", 16)]


def test_the_final_comparison_sees_content():
    server = {"b": ("u2", 14, "h14")}
    assert compare(server, Cache(1, 15, dict(server))) == []
    assert kinds(compare(server, Cache(1, 15, {"b": ("u2", 14, "other")}))) == [(UNEQUAL, "b", 15)]
    assert kinds(compare(server, Cache(1, 15, {}))) == [(UNEQUAL, "b", 15)]
    assert kinds(compare({}, Cache(1, 15, dict(server)))) == [(UNEQUAL, "b", 15)]


@pytest.mark.parametrize("objects, late", [
    ({"a": ("u1", 12, ""), "b": ("u1", 11, "")}, []),            # exactly there
    ({"b": ("u2", 14, "")}, []),                                  # already beyond: a has left, b is new
    ({"a": ("u1", 10, ""), "b": ("u1", 11, "")}, ["a"]),         # an update is missing
    ({"a": ("u1", 12, "")}, []),                                  # b was deleted later
    ({"b": ("u1", 11, "")}, []),                                  # a left later
    ({"a": ("u1", 12, ""), "b": ("u1", 11, ""), "x": ("u", 5, "")}, ["x"]),   # a ghost
])
def test_a_checkpoint_tells_who_is_behind(objects, late):
    state, later = Replay(EXPECTED).to(12), EXPECTED[3:]
    assert [finding.key for finding in behind(state, later, Cache(1, 12, objects))] == late


def test_at_a_checkpoint_what_is_not_there_yet_is_behind():
    assert [f.key for f in behind(Replay(EXPECTED).to(12), [], Cache(1, 9, {}))] == ["a", "b"]


def test_a_finding_is_explained_by_what_was_around_it():
    finding = Finding(MISSED, "a", 12, "")
    text = "\n".join(explain(finding, EXPECTED, PERFECT[:6] + PERFECT[8:]))
    assert "12 MODIFIED a" in text and "rv=11" in text and "rv=13" in text


WRITES = [Write("a", "create", "u1", 10, BLUE), Write("a", "delete", "u1", None, BLUE),
          Write("a", "create", "u2", 13, RED, resolved=True)]
RECORDED = [Revision(10, "a", False), Revision(11, "kube-root-ca.crt", False), Revision(12, "a", True),
            Revision(13, "a", False)]


def explained(recorded, writes):
    ledger = Ledger(["a"])
    revisions = ledger.extend(recorded, writes)
    ledger.finish()
    return revisions


def test_the_ledger_takes_from_the_writer_what_etcd_does_not_tell():
    revisions = explained(RECORDED, WRITES)
    assert [(r.rv, r.uid, r.deleted) for r in revisions] == [
        (10, "u1", False), (11, "", False), (12, "u1", True), (13, "u2", False)]
    assert revisions[3].labels == RED


def test_an_answer_under_way_holds_up_the_rest():
    ledger = Ledger(["a", "b"])
    assert [r.rv for r in ledger.extend([*RECORDED, Revision(14, "b", False)], WRITES[:1])] == [10, 11]
    assert ledger.position == 11
    assert [r.rv for r in ledger.extend([], [Write("b", "create", "u3", 14, RED), *WRITES[1:]])] == [12, 13, 14]
    ledger.finish()


@pytest.mark.parametrize("recorded, writes, what", [
    (RECORDED[:3], WRITES, "acknowledged, but not in etcd"),
    (RECORDED, WRITES[:2], "nobody wrote it"),
    (RECORDED, [WRITES[0], WRITES[2]], "where the writer did"),
    ([Revision(9, "a", False)], WRITES[:1], "where the writer did"),
])
def test_a_history_that_contradicts_the_writer_is_no_ground_to_judge_on(recorded, writes, what):
    with pytest.raises(Unexplained, match=what):
        explained(recorded, writes)
