import os
import subprocess

from app.bench import processes
from app.bench.processes import Stat


def line(pid, name, parent, user, system, children_user, children_system):
    return (f"{pid} ({name}) S {parent} 1 1 0 -1 4194560 5000 0 0 0 {user} {system} {children_user} {children_system} "
            "20 0 3 0 1000 100000 500 18446744073709551615 1 1 0")


def test_reads_parent_and_ticks_whatever_the_process_is_called():
    stat = processes.parse_stat(line(42, "postgres: a (b) c) ", 7, 100, 20, 3, 1))
    assert stat == Stat(pid=42, parent=7, ticks=124)


def test_a_tree_has_all_descendants_and_nobody_else():
    stats = [Stat(5, 4, 0), Stat(1, 0, 0), Stat(2, 1, 0), Stat(3, 2, 0), Stat(4, 2, 0), Stat(6, 1, 0)]
    assert sorted(stat.pid for stat in processes.tree(stats, 2)) == [2, 3, 4, 5]
    assert processes.tree(stats, 99) == []


def test_resident_memory_of_a_process_that_has_just_ended_is_none():
    assert processes.resident_kib("VmHWM:\t 9 kB\nVmRSS:\t   1200 kB\n") == 1200
    assert processes.resident_kib("") == 0


def test_cpu_of_a_child_that_has_ended_stays_in_the_sum():
    """Else a service whose workers are recycled would look cheap."""
    before = processes.cpu_seconds(os.getpid())
    subprocess.run(["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"], check=True)
    assert processes.cpu_seconds(os.getpid()) > before
