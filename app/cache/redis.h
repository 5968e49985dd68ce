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
// While it is away commands fail at once, so that callers fall back without waiting: the connection
// is its own circuit breaker. Open: away, or it was late. Half-open: connecting, and a PING that
// must be answered in time before anybody's command is sent. The pauses grow as long as connections
// fail or turn out late again within `steady_after`. Loop thread only, stats() from any.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
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
  std::chrono::milliseconds steady_after{1'000};
  // Each time it becomes usable; what it sends goes before everybody else's.
  std::function<void()> on_connected;
  // If set, the server tells which keys that this connection has read were changed since (CLIENT
  // TRACKING, RESP3): an array of keys, or nil for all of them. It is called in the order of the
  // stream: a waiter whose answer was older has run before. Such a connection is pinged when
  // it has nothing else to do, so that a peer that fell silent is noticed.
  std::function<void(const Value& keys)> on_invalidated;
  // Ten times a second.
  std::function<void(std::chrono::steady_clock::time_point now)> on_tick;
  // Whenever a usable connection ends.
  std::function<void()> on_lost;
};

// Counters of one connection.
struct RedisStats {
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> circuit{1};  // 0 closed, 1 open, 2 half-open
  std::atomic<std::uint64_t> late{0};     // connections given up because of an answer
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
  void Forget(std::span<const std::string_view> words);

  bool connected() const;
  const RedisStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace todo::cache
