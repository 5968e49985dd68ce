import re

from harness.scripted import Scripted


def value(query: str, now: float) -> float:
    """What PromQL makes of it."""
    text = re.fullmatch(r"vector\((.*)\)", query).group(1)
    return eval(text.replace(">= bool", ">=").replace("time()", repr(now)))


def test_it_has_each_value_from_its_time_on():
    query = Scripted.holding(40, 10, 35, 20).query(1000.5)
    for now, wanted in ((0, 10), (1040.4, 10), (1040.5, 35), (1080.4, 35), (1080.5, 20), (9999, 20)):
        assert value(query, now) == wanted, (now, query)


def test_values_need_not_be_held_equally_long():
    series = Scripted(10, ((5, 40), (60, 10)))
    assert series.seconds() == 60
    assert value(series.query(0), 59) == 40 and value(series.query(0), 61) == 10


def test_one_value_never_changes():
    assert Scripted(7).query(0) == "vector(7)" and Scripted(7).seconds() == 0
