// process_*: memory, CPU, file descriptors and start time of this process, under Prometheus' usual
// names, read from /proc at each scrape.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace sb::metrics {

class ProcessMetrics : public prometheus::Collectable {
 public:
  ProcessMetrics();  // counts as the process' start
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const double started_;  // seconds since the epoch
};

}  // namespace sb::metrics
