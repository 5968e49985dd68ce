// queue_depth{queue}: jobs waiting or running, asked of Redis every two seconds. API and workers
// both show it (with no worker left, somebody must say that there is work): take max, not sum, over
// pods.
#pragma once

#include <prometheus/collectable.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "app/cache/redis.h"

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
  boost::asio::steady_timer timer_;
  const std::string queue_;
  bool stopped_ = false;
  std::atomic<std::int64_t> depth_{-1};
};

}  // namespace todo::jobs
