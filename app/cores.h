// How many cores this process may use.
#pragma once

#include <string_view>

namespace todo {

// The smaller of the CPU affinity and the cgroup's quota (rounded up), at least 1.
int AvailableCores();

// Cores of a cgroup v2 cpu.max ("150000 100000" is 2), or 0 if it sets no limit.
int CoresOfCpuMax(std::string_view cpu_max);

}  // namespace todo
