#include "operator/kube/controller_metrics.h"

#include <chrono>

#include "operator/kube/metric_families.h"
#include "operator/kube/metrics.h"

namespace sb::kube {
namespace {

prometheus::Counter& Result(Metrics& metrics, const std::string& controller, const char* result) {
  return metrics.families().reconciles.Add({{"controller", controller}, {"result", result}});
}

}  // namespace

ControllerMetrics::ControllerMetrics(Metrics& metrics, const std::string& controller, int workers)
    : success_(Result(metrics, controller, "success")),
      error_(Result(metrics, controller, "error")),
      requeue_after_(Result(metrics, controller, "requeue_after")),
      errors_(metrics.families().reconcile_errors.Add({{"controller", controller}})),
      terminal_errors_(metrics.families().terminal_errors.Add({{"controller", controller}})),
      panics_(metrics.families().panics.Add({{"controller", controller}})),
      seconds_(metrics.families().reconcile_seconds.Add({{"controller", controller}},
                                                        kReconcileBuckets)),
      active_(metrics.families().active_workers.Add({{"controller", controller}})) {
  // Nobody here asks for "again, but I do not say when"; dashboards do.
  Result(metrics, controller, "requeue");
  metrics.families().most_workers.Add({{"controller", controller}}).Set(workers);
}

void ControllerMetrics::PassEnds(PassEnd end, Duration took) {
  active_.Decrement();
  seconds_.Observe(std::chrono::duration<double>(took).count());
  switch (end) {
    case PassEnd::kSuccess:
      return success_.Increment();
    case PassEnd::kRequeueAfter:
      return requeue_after_.Increment();
    case PassEnd::kTerminalError:
      terminal_errors_.Increment();
      break;
    case PassEnd::kException:
      panics_.Increment();
      break;
    case PassEnd::kError:
      break;
  }
  error_.Increment();
  errors_.Increment();
}

}  // namespace sb::kube
