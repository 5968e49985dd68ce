// The truth about stored jobs: what PostgreSQL says of them. A worker begins a job here before it
// runs it, holds it by a lease that it extends, and ends it here before it leaves Redis. So a job
// that lies in Redis twice, or not at all, is still done, and done once at a time.
//
//   Expected<Begun> begun = co_await ledger.Begin(id);
//   if (begun && begun->state == Begun::State::kOurs) …
//
// Errors are those of store::Postgres; then nothing is known, and the same may be asked again.
// Loop thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/jobs/queue.h"
#include "app/store/postgres.h"

namespace todo::jobs {

struct Begun {
  enum class State {
    kOurs,   // run it
    kLater,  // not before `wait`: it is another worker's, or its next try has not come
    kOver,   // done, dead, dropped or deleted
  };
  State state = State::kOver;
  std::chrono::milliseconds wait{0};
  std::string kind, payload;
  std::int64_t attempt = 1;  // this one, from 1
  std::optional<std::int64_t> owner_id;
};

class Ledger {
 public:
  template <typename T>
  using Answer = boost::asio::awaitable<sb::Expected<T>>;
  using milliseconds = std::chrono::milliseconds;

  // `worker`: unique among all; `lease`: how long a job is ours without a sign of life.
  Ledger(store::Postgres& postgres, std::string worker, milliseconds lease)
      : postgres_(postgres), worker_(std::move(worker)), lease_(lease) {}

  Answer<Begun> Begin(std::string_view id);
  // Which of them are ours still.
  Answer<std::vector<std::string>> Extend(const std::vector<std::string>& ids);
  // Each is false if the job is not ours any more: then nothing was changed.
  Answer<bool> Finish(std::string_view id, std::string_view result);
  Answer<bool> Retry(std::string_view id, std::string_view error, milliseconds delay);
  Answer<bool> HandBack(std::string_view id);
  Answer<bool> Bury(std::string_view id, std::string_view error);

  // Jobs that are to be handed to Redis. They come again after `taken_for`: once they are there,
  // Postpone them.
  Answer<std::vector<Queue::Stored>> Due(std::string_view queue, std::size_t most,
                                         milliseconds taken_for);
  // Of those that wait still.
  Answer<void> Postpone(const std::vector<std::string>& ids, milliseconds by);
  // If `run_id` is not what it was, every waiting job is due at once; how many are.
  Answer<std::int64_t> NewRun(std::string_view queue, std::string_view run_id);
  // Finished jobs are kept a week, dead ones a month.
  Answer<void> ForgetOld();

  const std::string& worker() const { return worker_; }

 private:
  Answer<bool> Changed(boost::asio::awaitable<sb::Expected<store::Rows>> asked);

  store::Postgres& postgres_;
  const std::string worker_;
  const milliseconds lease_;
};

}  // namespace todo::jobs
