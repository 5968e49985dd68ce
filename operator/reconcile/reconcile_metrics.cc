#include "operator/reconcile/reconcile_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>

namespace sb::reconcile {
namespace {

constexpr const char* kController = "scalablebackend";

}  // namespace

struct ReconcileMetrics::Series {
  explicit Series(prometheus::Registry& registry)
      : total(prometheus::BuildCounter()
                  .Name("controller_runtime_reconcile_total")
                  .Help("Passes over a backend")
                  .Register(registry)),
        success(total.Add({{"controller", kController}, {"result", "success"}})),
        error(total.Add({{"controller", kController}, {"result", "error"}})),
        seconds(prometheus::BuildHistogram()
                    .Name("controller_runtime_reconcile_time_seconds")
                    .Help("Time of one pass")
                    .Register(registry)
                    .Add({{"controller", kController}},
                         prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.01, 0.05, 0.1, 0.5,
                                                                 1, 5, 30})),
        writes(prometheus::BuildCounter()
                   .Name("scalablebackend_writes_total")
                   .Help("Writes of children and statuses")
                   .Register(registry)
                   .Add({})) {}

  prometheus::Family<prometheus::Counter>& total;
  prometheus::Counter& success;
  prometheus::Counter& error;
  prometheus::Histogram& seconds;
  prometheus::Counter& writes;
};

ReconcileMetrics::ReconcileMetrics(prometheus::Registry& registry)
    : series_(std::make_unique<Series>(registry)) {}
ReconcileMetrics::~ReconcileMetrics() = default;

void ReconcileMetrics::ObserveReconcile(Duration took, const Error* error) {
  (error ? series_->error : series_->success).Increment();
  series_->seconds.Observe(std::chrono::duration<double>(took).count());
}

void ReconcileMetrics::CountWrites(int writes) { series_->writes.Increment(writes); }

}  // namespace sb::reconcile
