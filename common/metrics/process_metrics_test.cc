#include "common/metrics/process_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>

#include "common/metrics/exposition.h"

namespace sb::metrics {
namespace {

std::map<std::string, double> Values(const ProcessMetrics& metrics) {
  std::map<std::string, double> values;
  for (const auto& family : metrics.Collect()) {
    const auto& metric = family.metric.at(0);
    values[family.name] =
        family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
  }
  return values;
}

TEST(ProcessMetrics, SaysWhatDashboardsAskFor) {
  const ProcessMetrics metrics;
  auto values = Values(metrics);
  EXPECT_GT(values["process_resident_memory_bytes"], 1e6);
  EXPECT_LT(values["process_resident_memory_bytes"], 1e11);
  EXPECT_GT(values["process_start_time_seconds"], 1.7e9);
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
  EXPECT_GT(values["process_cpu_seconds_total"], 0);
}

TEST(ProcessMetrics, CountsDescriptors) {
  const ProcessMetrics metrics;
  const double before = Values(metrics)["process_open_fds"];
  const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(Values(metrics)["process_open_fds"], before + 1) << "a leak would not be seen";
  close(descriptor);
}

TEST(Exposition, PutsAllIntoOneText) {
  const ProcessMetrics one;
  const ProcessMetrics two;
  const std::string text = Exposition({&one, &two});
  EXPECT_NE(text.find("# TYPE process_cpu_seconds_total counter\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nprocess_open_fds "), text.rfind("\nprocess_open_fds "));
}

}  // namespace
}  // namespace sb::metrics
