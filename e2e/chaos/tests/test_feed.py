import pytest

from chaos.watch.feed import Cache, CacheChange, Ended, Event, Failed, Listed, Opened, decode


@pytest.mark.parametrize("line, record", [
    ('{"informer":"blue","note":"listed","rv":"120","before":"","items":3}', Listed(0, 120, 3)),
    ('{"informer":"blue","note":"event","type":"ADDED","key":"c1","uid":"u","rv":"121"}',
     Event("ADDED", "c1", "u", 121)),
    ('{"informer":"blue","note":"change","key":"c1","uid":"u","old":"","rv":"121"}', CacheChange("c1", "u", 0, 121)),
    ('{"informer":"blue","note":"change","key":"c1","uid":"u","old":"121","rv":""}', CacheChange("c1", "u", 121, 0)),
    ('{"informer":"blue","note":"opened","rv":"120"}', Opened(120)),
    ('{"informer":"blue","note":"ended"}', Ended()),
    ('{"informer":"blue","note":"failed","code":"gone","message":"too old"}', Failed("gone", "too old")),
    ('{"informer":"blue","note":"cache","dump":3,"rv":"121","objects":[["c1","u","121","h"]]}',
     Cache(3, 121, {"c1": ("u", 121, "h")})),
])
def test_decodes_what_the_watcher_writes(line, record):
    assert decode(line) == ("blue", record)
