// The state of a queue, asked of Redis every two seconds:
//   queue_depth{queue}                    jobs waiting or running; what workers are scaled on
//   queue_oldest_waiting_seconds{queue}   how long the first in line has waited
//   queue_in_flight{queue}                running
//   queue_delayed{queue}                  waiting for their next try
//   queue_dead{queue}                     given up, see `todo jobs`
// API and workers both show it (with no worker left, somebody must say that there is work): take
// max, not sum, over pods.
#pragma once

#include <prometheus/collectable.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <optional>
#include <string>

#include "app/cache/redis.h"
#include "app/jobs/queue.h"

namespace todo::jobs {

// Loop thread, Collect from any.
class QueueDepth : public prometheus::Collectable {
 public:
  QueueDepth(boost::asio::io_context& loop, const std::string& url, std::string queue);

  void Start();
  void Stop();
  // No sample while Redis does not answer: unknown is not zero.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  boost::asio::awaitable<void> Run();

  boost::asio::io_context& loop_;
  cache::Redis redis_;
  Queue queue_;
  boost::asio::steady_timer timer_;
  const std::string name_;
  bool stopped_ = false;
  mutable std::mutex state_mutex_;
  std::optional<QueueState> state_;
};

}  // namespace todo::jobs
