// Where one WorkQueue counts. Made once: afterwards counting takes no registry lock and looks no
// label up.
//
//   QueueMetrics counts(metrics, "scalablebackend", [this] { return Gauges(); });
//   counts.CountAdd();
//
// Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <cstddef>
#include <functional>
#include <string>

#include "common/time.h"

namespace sb::kube {

class Metrics;

// What is asked at each scrape rather than kept up to date.
struct QueueGauges {
  std::size_t depth_normal = 0;
  std::size_t depth_low = 0;
  Duration unfinished{};  // sum over the keys being worked on of how long that has taken so far
  Duration longest{};     // of these
};

class QueueMetrics {
 public:
  using Source = std::function<QueueGauges()>;

  // `source` is called at scrapes, from their thread, until this is destroyed.
  QueueMetrics(Metrics& metrics, const std::string& name, Source source);
  ~QueueMetrics();
  QueueMetrics(const QueueMetrics&) = delete;
  QueueMetrics& operator=(const QueueMetrics&) = delete;

  void CountAdd() { adds_.Increment(); }
  void CountRetry() { retries_.Increment(); }
  void ObserveWait(Duration waited);
  void ObserveWork(Duration worked);

 private:
  Metrics& metrics_;
  prometheus::Counter& adds_;
  prometheus::Counter& retries_;
  prometheus::Histogram& wait_;
  prometheus::Histogram& work_;
};

}  // namespace sb::kube
