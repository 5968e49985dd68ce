// The metrics of this library in one prometheus-cpp registry, under client-go's and
// controller-runtime's names where these exist, so that people's dashboards work. Thread-safe. Null
// pointers to it elsewhere mean "do not count".
//
//   rest_client_requests_total{code,method}       code "<error>" if no answer arrived
//   workqueue_depth{name} workqueue_adds_total{name} workqueue_retries_total{name}
//   workqueue_queue_duration_seconds{name} workqueue_work_duration_seconds{name}
//   reflector_lists_total{name} reflector_watches_total{name} reflector_short_watches_total{name}
//   reflector_errors_total{name,code} reflector_items{name}
//   leader_election_master_status{name}
//   events_dropped_total
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/time.h"

namespace prometheus {
class Registry;
}

namespace sb::kube {

class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);  // must outlive this
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void CountRequest(std::string_view method, int status);  // status 0: no answer

  void SetQueueDepth(const std::string& queue, std::size_t depth);
  void CountQueueAdd(const std::string& queue);
  void CountQueueRetry(const std::string& queue);
  void ObserveQueueWait(const std::string& queue, Duration waited);
  void ObserveQueueWork(const std::string& queue, Duration worked);

  void CountList(const std::string& plural);
  void CountWatch(const std::string& plural);
  void CountShortWatch(const std::string& plural);
  void CountWatchError(const std::string& plural, std::string_view code);
  void SetItems(const std::string& plural, std::size_t items);

  void SetLeading(const std::string& lease, bool leading);
  void CountDroppedEvent();

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace sb::kube
