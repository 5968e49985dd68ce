// The outbox' way to Redis: hands over the jobs of PostgreSQL whose relay_at has come. Every worker
// has one; they share the work by SKIP LOCKED. A job that was handed over and has not begun within
// `resend` is handed over again, and all of them are when Redis was restarted: it may have
// forgotten. What lies in Redis still is not added twice.
//
// It asks twice a second instead of being woken by NOTIFY: a NOTIFY serializes the commits of every
// transaction that sends one, and the API hands its jobs over itself (Outbox).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>

#include "app/cache/redis.h"
#include "app/jobs/ledger.h"
#include "app/jobs/queue.h"
#include "app/jobs/worker_metrics.h"

namespace todo::jobs {

// Loop thread only.
class Relay {
 public:
  Relay(boost::asio::io_context& loop, const cache::Redis& redis, Queue& queue, Ledger& ledger,
        std::string name, std::chrono::milliseconds resend, WorkerMetrics& metrics);

  void Start();
  void Stop();

 private:
  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<void> LookForNewRun();
  // True: there may be more at once.
  boost::asio::awaitable<bool> HandOver();

  boost::asio::io_context& loop_;
  const cache::Redis& redis_;
  Queue& queue_;
  Ledger& ledger_;
  const std::string name_;
  const std::chrono::milliseconds resend_;
  WorkerMetrics& metrics_;
  boost::asio::steady_timer timer_;
  std::uint64_t seen_connects_ = 0;
  std::chrono::steady_clock::time_point tidy_at_{};
  bool stopped_ = false;
};

}  // namespace todo::jobs
