// One connection to Redis: commands of many coroutines in one stream, flushed once a loop turn.
//
//   Redis redis(loop, {.url = url});
//   redis.Start();
//   Expected<Reply> reply = co_await redis.Command({"GET", "user:7"});
//   if (reply && !reply->value().is_nil()) Use(reply->value().text());
//
// Errors: kUnavailable (not connected, or lost before the answer), kTooManyRequests (queue full),
// kDeadlineExceeded, kInvalidArgument (Redis answered an error). A late answer closes the
// connection, because those behind it are late too; it reconnects by itself, with jittered backoff.
// While it is away commands fail at once, so that callers fall back without waiting. Loop thread
// only, stats() from any.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/cache/reply.h"
#include "common/error.h"

namespace todo::cache {

struct RedisOptions {
  std::string url;                // redis://…; holds a password: never log it
  std::string purpose = "cache";  // in logs
  std::size_t max_queued = 1024;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds command_timeout{5'000};
  std::chrono::milliseconds backoff_first{50};
  std::chrono::milliseconds backoff_most{1'000};
};

// Counters of one connection.
struct RedisStats {
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> queued{0};
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> connects{0};
};

class Redis {
 public:
  using Words = std::initializer_list<std::string_view>;

  Redis(boost::asio::io_context& loop, RedisOptions options);
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  void Start();
  void Stop();

  // The words are copied before this returns the awaitable.
  boost::asio::awaitable<sb::Expected<Reply>> Command(Words words);
  // All of them or none (MULTI, EXEC); the reply is the array of their replies.
  boost::asio::awaitable<sb::Expected<Reply>> Transaction(std::initializer_list<Words> commands);
  // Sends without waiting for the answer, which is dropped.
  void Forget(Words words);

  bool connected() const;
  const RedisStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace todo::cache
