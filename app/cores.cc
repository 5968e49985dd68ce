#include "app/cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

namespace todo {

int CoresOfCpuMax(std::string_view cpu_max) {
  long long quota = 0, period = 0;
  const char* const end = cpu_max.data() + cpu_max.size();
  const auto first = std::from_chars(cpu_max.data(), end, quota);
  if (first.ec != std::errc() || first.ptr == end) return 0;  // "max 100000"
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc() || period <= 0 || quota <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

int AvailableCores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int cores = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string line;
  if (file && std::getline(file, line)) {
    if (const int quota = CoresOfCpuMax(line); quota > 0) cores = std::min(cores, quota);
  }
  return std::max(1, cores);
}

}  // namespace todo
