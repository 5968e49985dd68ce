// Metrics whose values lie elsewhere, read at each scrape.
//
//   prometheus::MetricFamily open = Family("process_open_fds", "Open files.", MetricType::Gauge);
//   AddSample(open, CountDescriptors());
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace sb::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

inline prometheus::MetricFamily Family(std::string name, std::string help,
                                       prometheus::MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

// Adds a sample to a gauge or counter.
inline void AddSample(prometheus::MetricFamily& family, double value, const Labels& labels = {}) {
  prometheus::ClientMetric metric;
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

}  // namespace sb::metrics
