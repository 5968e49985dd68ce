// The controller's own figures, named like controller-runtime's.
//
//   controller_runtime_reconcile_total{controller,result}       result: success, error
//   controller_runtime_reconcile_time_seconds{controller}
//   scalablebackend_writes_total                                writes of children and statuses
#pragma once

#include <memory>

#include "common/error.h"
#include "common/time.h"

namespace prometheus {
class Registry;
}

namespace sb::reconcile {

class ReconcileMetrics {
 public:
  explicit ReconcileMetrics(prometheus::Registry& registry);
  ~ReconcileMetrics();

  // `error` is null after a success. Thread-safe.
  void ObserveReconcile(Duration took, const Error* error);
  void CountWrites(int writes);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace sb::reconcile
