#include "common/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "common/metrics/family.h"

namespace sb::metrics {
namespace {

using prometheus::MetricType;

double ResidentBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long total = 0, resident = 0;
  const int read = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

double MostDescriptors() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

double OpenDescriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int count = -3;  // ".", ".." and the directory itself
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessMetrics::ProcessMetrics()
    : started_(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
                   .count()) {}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto memory = Family("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge);
  AddSample(memory, ResidentBytes());
  auto cpu = Family("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter);
  AddSample(cpu, Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  auto descriptors = Family("process_open_fds", "Open file descriptors.", MetricType::Gauge);
  AddSample(descriptors, OpenDescriptors());
  auto most = Family("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge);
  AddSample(most, MostDescriptors());
  auto started = Family("process_start_time_seconds", "Start, since the epoch.", MetricType::Gauge);
  AddSample(started, started_);
  return {std::move(memory), std::move(cpu), std::move(descriptors), std::move(most),
          std::move(started)};
}

}  // namespace sb::metrics
