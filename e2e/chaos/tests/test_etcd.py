from chaos.watch import etcd
from harness.failure import Failure


def test_a_compaction_that_came_too_late_is_told_from_one_that_failed():
    """Two that meet at one revision ended a soak that had found nothing wrong."""
    late = '{"code":11, "message":"etcdserver: mvcc: required revision has been compacted"}'
    assert isinstance(etcd.refusal("/v3/kv/compaction", 400, late), etcd.Compacted)
    other = etcd.refusal("/v3/kv/compaction", 503, "etcdserver: no leader")
    assert isinstance(other, Failure) and not isinstance(other, etcd.Compacted)
    assert "no leader" in str(other)
