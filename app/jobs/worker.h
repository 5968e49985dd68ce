// Takes jobs from a queue, runs several at a time, stores what came of each.
//
//   Worker worker(loop, {.url = queue_url, .consumer = "pod-1"}, handlers, metrics, &postgres);
//   worker.Start();  loop.run();      // another thread: post(loop, [&] { worker.Stop(); })
//
// At least once: a job leaves the stream only after what came of it is stored, in PostgreSQL if it
// is a stored one. While it is in hand its worker gives signs of life, so it may take long; one
// whose worker is silent for `claim_after` is taken over. A job that fails waits (delayed) and is
// tried again; one that cannot go well, or was tried too often, goes to the dead stream. Attempts
// that ended with their worker count, so that a job that kills workers does not kill them all.
//
// With a database the worker also relays: what PostgreSQL has and Redis has not goes to Redis.
// With Redis or PostgreSQL away it waits; nothing is given up for that.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "app/cache/redis.h"
#include "app/jobs/handler.h"
#include "app/jobs/kinds.h"
#include "app/jobs/ledger.h"
#include "app/jobs/queue.h"
#include "app/jobs/relay.h"
#include "app/jobs/worker_metrics.h"

namespace todo::jobs {

struct WorkerOptions {
  std::string url;
  std::string queue = "default";
  std::string consumer;         // unique among the workers of the queue
  std::size_t concurrency = 8;  // jobs in hand; takeovers may briefly double it
  std::chrono::milliseconds claim_after{60'000};
  std::chrono::milliseconds drain_deadline{25'000};
  std::chrono::milliseconds resend{300'000};  // see Relay
  std::chrono::milliseconds retry_first{0};   // > 0: instead of what each kind says
  std::function<void()> on_connected;         // the first time
  std::function<void()> on_stopped;           // nothing is in hand any more
};

// Loop thread only.
class Worker {
 public:
  // `postgres` prepares Statements(); null: stored jobs are left to other workers. All must outlive
  // the loop's handlers.
  Worker(boost::asio::io_context& loop, WorkerOptions options, const Handlers& handlers,
         WorkerMetrics& metrics, store::Postgres* postgres);

  void Start();
  // Takes nothing more. What is in hand may end within `drain_deadline`, then it is handed back to
  // the queue; at last on_stopped is called.
  void Stop();

 private:
  // A job in hand.
  struct Hand {
    Entry entry;
    Job job;
    std::atomic<bool> stop{false};
    std::chrono::steady_clock::time_point began;
    std::chrono::steady_clock::time_point deadline;
    bool leased = false;  // begun in the ledger
    bool let_go = false;  // handed back by force: whatever comes of it is dropped
  };
  using HandPointer = std::shared_ptr<Hand>;

  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<void> Keep();
  boost::asio::awaitable<void> TakeOverAbandoned();
  boost::asio::awaitable<void> GiveSigns();
  boost::asio::awaitable<void> Drain();
  void MindDeadlines();

  void Accept(Entry entry);
  boost::asio::awaitable<void> RemoveDuplicate(Entry entry);
  boost::asio::awaitable<void> Process(HandPointer hand);
  boost::asio::awaitable<void> RunInHand(Hand& hand);
  // False: it is not to be run now, and that has been seen to.
  boost::asio::awaitable<bool> Begin(Hand& hand);
  boost::asio::awaitable<void> Settle(Hand& hand, const Kind* kind, Outcome outcome);
  boost::asio::awaitable<void> Finish(Hand& hand, std::string result, bool settled);
  boost::asio::awaitable<void> RetryLater(Hand& hand, const RetryPolicy& policy, std::string error);
  boost::asio::awaitable<void> Bury(Hand& hand, std::string error);
  boost::asio::awaitable<void> HandBack(Hand& hand);
  // Asks until there is an answer; none: the worker ends, or this has gone on for too long.
  template <typename Ask>
  boost::asio::awaitable<std::optional<bool>> Insist(Ask ask);
  boost::asio::awaitable<void> Pause(std::chrono::milliseconds time);
  void Count(const Hand& hand, Ending ending);

  boost::asio::io_context& loop_;
  const WorkerOptions options_;
  const Handlers& handlers_;
  WorkerMetrics& metrics_;
  cache::Redis take_;  // blocks, so nothing else may go over it
  cache::Redis give_;
  Queue taking_;
  Queue queue_;
  std::optional<Ledger> ledger_;
  std::optional<Relay> relay_;
  std::map<std::string, HandPointer> in_hand_;  // by id of the job
  std::minstd_rand random_{std::random_device{}()};
  std::chrono::steady_clock::time_point claim_at_{}, sign_at_{};
  bool group_exists_ = false;
  bool told_connected_ = false;
  bool stopping_ = false;
  bool giving_up_ = false;  // the drain deadline has passed
};

}  // namespace todo::jobs
