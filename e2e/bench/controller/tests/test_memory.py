import os
import time

from bench.controller import memory

_STATUS = "Name:\tours\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nRssAnon:\t    8192 kB\n"


def test_sizes_are_bytes():
    assert memory.kilobytes(_STATUS, "VmRSS") == 10 << 20
    assert memory.kilobytes(_STATUS, "RssAnon") == 8 << 20


def test_a_command_with_spaces_and_brackets_does_not_shift_the_times():
    before = "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 "
    assert memory.cpu_ticks(before + "70 30 0 0 20 0 5 0 100 0 0") == 100


def test_a_real_process_has_memory_and_its_peak_can_be_forgotten():
    large = bytearray(32 << 20)
    large[::4096] = b"x" * len(large[::4096])
    del large
    assert memory.of(os.getpid()).peak >= memory.of(os.getpid()).rss + (20 << 20)
    memory.clear_peak(os.getpid())
    now = memory.of(os.getpid())
    assert now.peak < now.rss + (20 << 20)
    assert 0 < now.anonymous <= now.rss and 0 < now.pss


def test_work_costs_time():
    before, end = memory.cpu_seconds(os.getpid()), time.process_time() + 0.05
    while time.process_time() < end:
        pass
    assert memory.cpu_seconds(os.getpid()) >= before + 0.03
