// What runs a job. Handlers are run at least once: one that has effects outside makes them so that
// a second time with the same id changes nothing, or tells the receiver the id.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/json.h"

namespace todo::jobs {

// A job in hand. Lives until its handler has returned.
struct Job {
  std::string id;
  sb::Json payload;
  std::optional<std::int64_t> owner_id;
  std::int64_t attempt = 1;
  std::chrono::steady_clock::time_point deadline;
  // Set when nobody wants the result any more: too late, taken over, or the worker ends. A handler
  // that takes long looks at it now and then, and returns Outcome::Stopped().
  const std::atomic<bool>* stop = nullptr;
};

struct Outcome {
  enum class Kind {
    kDone,     // `text`: the result, JSON
    kSettled,  // done, and the handler has told the ledger
    kRetry,    // `text`: why it failed; another attempt may go well
    kFailed,   // `text`: why it can never go well
    kStopped,  // it saw `stop`
  };
  Kind kind = Kind::kDone;
  std::string text;

  static Outcome Done(std::string result) { return {Kind::kDone, std::move(result)}; }
  static Outcome Retry(std::string error) { return {Kind::kRetry, std::move(error)}; }
  static Outcome Failed(std::string error) { return {Kind::kFailed, std::move(error)}; }
  static Outcome Stopped() { return {Kind::kStopped, {}}; }
};

// Runs on the worker's loop: waits for what is slow, never blocks.
using Handler = std::function<boost::asio::awaitable<Outcome>(const Job&)>;
using Handlers = std::map<std::string, Handler, std::less<>>;

}  // namespace todo::jobs
