#include "operator/reconcile/reconcile_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

namespace sb::reconcile {

struct ReconcileMetrics::Series {
  explicit Series(prometheus::Registry& registry)
      : writes(prometheus::BuildCounter()
                   .Name("scalablebackend_writes_total")
                   .Help("Writes of children and statuses")
                   .Register(registry)
                   .Add({})) {}

  prometheus::Counter& writes;
};

ReconcileMetrics::ReconcileMetrics(prometheus::Registry& registry)
    : series_(std::make_unique<Series>(registry)) {}
ReconcileMetrics::~ReconcileMetrics() = default;

void ReconcileMetrics::CountWrites(int writes) { series_->writes.Increment(writes); }

}  // namespace sb::reconcile
