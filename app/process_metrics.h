// process_*: memory, CPU, file descriptors and start time of this process, under Prometheus' usual
// names.
#pragma once

#include <prometheus/collectable.h>

namespace todo {

class ProcessMetrics : public prometheus::Collectable {
 public:
  ProcessMetrics();
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const double started_;  // seconds since the epoch
};

}  // namespace todo
