// Takes jobs from a queue, runs them, stores what came of it.
//
//   Worker worker(loop, {.url = queue_url, .consumer = "pod-1"});
//   worker.Start();  loop.run();      // another thread: post(loop, [&] { worker.Stop(); })
//
// At least once: a job leaves the stream in the same transaction that stores its result, and a job
// whose worker fell silent is taken over after `claim_after`; after five deliveries it goes to the
// dead stream. So handlers must bear being run twice. They run on the loop's thread, one at a time.
#pragma once

#include <prometheus/collectable.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "app/cache/redis.h"

namespace todo::jobs {

struct WorkerOptions {
  std::string url;
  std::string queue = "default";
  std::string consumer;  // unique among the workers of the queue
  std::chrono::milliseconds claim_after{60'000};
  std::function<void()> on_connected;  // the first time
};

// Loop thread, Collect from any.
class Worker : public prometheus::Collectable {
 public:
  Worker(boost::asio::io_context& loop, WorkerOptions options);

  void Start();
  // Finishes the job in hand, leaves the group, ends; the loop then has no work left.
  void Stop() { stopping_ = true; }

  // jobs_processed_total{kind,outcome}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  enum class Outcome { kDone, kFailed, kDead };
  struct Entry;

  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<bool> EnsureGroup();
  boost::asio::awaitable<void> TakeOverAbandoned();
  boost::asio::awaitable<bool> ReadNext();
  boost::asio::awaitable<void> Process(const Entry& entry);
  boost::asio::awaitable<void> GiveUp(const Entry& entry);
  boost::asio::awaitable<void> Pause(std::chrono::milliseconds time);
  static Entry EntryOf(cache::Value value);
  void Count(Outcome outcome) {
    counts_[static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  }

  boost::asio::io_context& loop_;
  const WorkerOptions options_;
  const std::string stream_;
  cache::Redis redis_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point claim_at_{};
  bool group_exists_ = false;
  bool told_connected_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> counts_[3] = {};  // by Outcome
};

}  // namespace todo::jobs
