// The metrics of this library, under client-go's and controller-runtime's names where these exist,
// so that people's dashboards work. docs/metrics.md has the table.
//
//   prometheus::Registry registry;
//   Metrics metrics(registry, {.host = "10.0.0.1:6443"});
//   …pass &metrics to queues, clients, informers…
//   body = metrics::Exposition({&registry, &metrics});   // counters, and what is asked at scrapes
//
// Thread-safe. Null pointers to it elsewhere mean "do not count". What counts often has a part of
// its own with its series at hand: QueueMetrics, ControllerMetrics.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/time.h"
#include "operator/kube/queue_metrics.h"

namespace prometheus {
class Registry;
}

namespace sb::kube {

struct MetricsOptions {
  std::string host = {};  // of the API server, with its port; "": the label is left out
};

class Metrics : public prometheus::Collectable {
 public:
  // The registry must outlive this, and this whatever counts here.
  explicit Metrics(prometheus::Registry& registry, MetricsOptions options = {});
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Depth and work in progress of the queues that exist; the rest is in the registry.
  std::vector<prometheus::MetricFamily> Collect() const override;

  void CountRequest(std::string_view method, int status);  // status 0: no answer
  // The same for a request that was answered as a whole, with its time.
  void ObserveRequest(std::string_view method, int status, Duration took);

  void CountList(const std::string& plural);
  void CountWatch(const std::string& plural);
  void CountShortWatch(const std::string& plural);
  void CountWatchError(const std::string& plural, std::string_view code);
  void SetItems(const std::string& plural, std::size_t items);

  void SetLeading(const std::string& lease, bool leading);
  void CountSlowPath(const std::string& lease);
  void CountDroppedEvent();

  // For QueueMetrics and ControllerMetrics.
  struct Families;
  Families& families() { return *families_; }
  void Watch(const QueueMetrics* queue, const std::string& name, QueueMetrics::Source source);
  void Unwatch(const QueueMetrics* queue);

 private:
  struct WatchedQueue {
    std::string name;
    QueueMetrics::Source source;
  };

  const MetricsOptions options_;
  std::unique_ptr<Families> families_;
  mutable std::mutex queues_mutex_;  // taken before the queues' own
  std::map<const QueueMetrics*, WatchedQueue> queues_;
};

}  // namespace sb::kube
