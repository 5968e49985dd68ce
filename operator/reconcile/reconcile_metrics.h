// The controller's own figures, beside those of kube::Metrics.
//
//   scalablebackend_writes_total                                writes of children and statuses
#pragma once

#include <memory>

namespace prometheus {
class Registry;
}

namespace sb::reconcile {

class ReconcileMetrics {
 public:
  explicit ReconcileMetrics(prometheus::Registry& registry);
  ~ReconcileMetrics();

  // Thread-safe.
  void CountWrites(int writes);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace sb::reconcile
