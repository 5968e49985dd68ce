import re

from bench.scaling import waves
from bench.scaling.waves import Wave


def value(query: str, now: float) -> float:
    """What PromQL makes of it: its % is C's fmod."""
    import math
    text = re.fullmatch(r"vector\((.*)\)", query).group(1).replace("time()", repr(now))
    text = text.replace("< bool", "<").replace(">= bool", ">=")
    left, operator, right = text.partition(" % ")
    assert operator
    head, begin, since = left.rpartition("((")
    remainder = math.fmod(eval("(" + since), float(right.split(" ", 1)[0]))
    return eval(f"{head}({remainder} {right.split(' ', 1)[1]}")


def test_it_is_high_from_the_time_of_each_step():
    wave = Wave(begin=1000.25, period=50, high=20)
    query = wave.query(10, 20)
    for now, wanted in ((900, 10), (1000.2, 10), (1000.3, 20), (1020.2, 20), (1020.3, 10), (1050.2, 10), (1050.3, 20)):
        assert value(query, now) == wanted, (now, query)


def test_steps_are_those_before_the_end():
    assert Wave(1000, 50, 20).steps(1101) == [1000, 1050, 1100]
    assert Wave(1000, 50, 20).steps(1100) == [1000, 1050]
    assert Wave(1000, 50, 20).steps(900) == []


def test_no_two_step_at_once():
    begins = [wave.begin for wave in waves.spread(4, 1000, 40, 20)]
    assert begins == [1000, 1010, 1020, 1030]


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(each) for each in range(1, 101)]
    assert (waves.percentile(values, 0.5), waves.percentile(values, 0.99), waves.percentile(values, 1)) == (50, 99, 100)
    assert waves.percentile([7.0], 0.99) == 7
