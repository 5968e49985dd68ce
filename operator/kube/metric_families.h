// Inside of Metrics: the families that its parts take their children from.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "operator/kube/metrics.h"

namespace sb::kube {

// client-go's, without the two below 1 µs.
inline const prometheus::Histogram::BucketBoundaries kQueueBuckets{1e-6, 1e-5, 1e-4, 1e-3, 1e-2,
                                                                   0.1,  1,    10,   100,  1000};
// A choice of controller-runtime's 40, and 1 ms below.
inline const prometheus::Histogram::BucketBoundaries kReconcileBuckets{
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
// Those of Kubernetes' own components.
inline const prometheus::Histogram::BucketBoundaries kRequestBuckets{
    0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

struct Metrics::Families {
  template <typename Metric>
  using Family = prometheus::Family<Metric>;
  using Counter = prometheus::Counter;
  using Gauge = prometheus::Gauge;
  using Histogram = prometheus::Histogram;

  explicit Families(prometheus::Registry& registry);

  Family<Counter>& requests;
  Family<Histogram>& request_seconds;
  Family<Counter>& queue_adds;
  Family<Counter>& queue_retries;
  Family<Histogram>& queue_wait;
  Family<Histogram>& queue_work;
  Family<Counter>& reconciles;
  Family<Counter>& reconcile_errors;
  Family<Counter>& terminal_errors;
  Family<Counter>& panics;
  Family<Histogram>& reconcile_seconds;
  Family<Gauge>& active_workers;
  Family<Gauge>& most_workers;
  Family<Counter>& lists;
  Family<Counter>& watches;
  Family<Counter>& short_watches;
  Family<Counter>& watch_errors;
  Family<Gauge>& items;
  Family<Gauge>& leading;
  Family<Counter>& slow_paths;
  Counter& dropped_events;
};

}  // namespace sb::kube
