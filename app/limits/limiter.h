// How much somebody may ask for: GCRA (gcra.h) in Redis, for all replicas together, on Redis' own
// clock; while Redis is away, each process limits by itself (local_limiter.h).
//
//   Limits limits(...);                              // of the process
//   Limiter limiter(limits, &redis);                 // of a thread
//   Admission admission = co_await limiter.Take({{Policy::kToken, address}, …});
//   if (!admission.allowed) … 429 with admission.headers
//
// All charges of a request are counted or none, in one command; it leaves with whatever else the
// loop's turn sends to Redis. A limit that is off costs nothing.
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cache/redis.h"
#include "app/http/call.h"
#include "app/limits/client_address.h"
#include "app/limits/gcra.h"
#include "app/limits/local_limiter.h"
#include "common/time.h"

namespace todo::limits {

enum class Policy : std::size_t {
  kToken,         // logins of an address
  kTokenUser,     // logins as one user, from anywhere
  kRegistration,  // new users from an address
  kTasks,         // GET /tasks/ of an address
  kUser,          // /v1 of a user
  kSession,       // refreshed and ended sessions of an address
  kCount
};
inline constexpr std::size_t kPolicies = static_cast<std::size_t>(Policy::kCount);

// As in headers, metrics and keys: "token".
std::string_view NameOf(Policy policy);

struct LimitOptions {
  std::array<std::optional<Rate>, kPolicies> rates{};  // none: off
  Proxies proxies = {};
};

// What the threads of a process share: settings, the limiter for bad times, and
// todo_limit_decisions_total{limit,outcome,by}. Thread-safe.
class Limits : public prometheus::Collectable {
 public:
  explicit Limits(LimitOptions options, const sb::Clock& clock = sb::SystemClock())
      : options_(std::move(options)), clock_(clock) {}

  const std::optional<Rate>& rate(Policy policy) const {
    return options_.rates[static_cast<std::size_t>(policy)];
  }

  std::vector<Level> TakeLocally(std::span<const Charge> charges);
  void Count(Policy policy, bool allowed, bool by_redis);
  // The address to limit. Behind a proxy that is not trusted all clients are one: that is told
  // once.
  std::string ClientOf(const sb::http::Request& request);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const LimitOptions options_;
  const sb::Clock& clock_;
  LocalLimiter local_;
  std::atomic<bool> told_of_proxy_{false};
  std::array<std::atomic<std::uint64_t>, kPolicies * 4> decisions_{};
};

struct Demand {
  Policy policy;
  std::string who;  // at most some dozen bytes: an address, a user's id, a digest
};

struct Admission {
  bool allowed = true;
  // RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers), of a refusal Retry-After
  // as well. None if every limit is off.
  http::Headers headers;
};

// Loop thread only.
class Limiter {
 public:
  // `redis` may be null. Both must outlive it.
  Limiter(Limits& limits, cache::Redis* redis) : limits_(limits), redis_(redis) {}

  boost::asio::awaitable<Admission> Take(std::vector<Demand> demands);

  // The address to limit: "203.0.113.7", "2001:db8::/64", or "unknown".
  std::string ClientOf(const sb::http::Request& request) const { return limits_.ClientOf(request); }
  const std::optional<Rate>& rate(Policy policy) const { return limits_.rate(policy); }

 private:
  boost::asio::awaitable<std::optional<std::vector<Level>>> TakeFromRedis(
      const std::vector<Charge>& charges);

  Limits& limits_;
  cache::Redis* const redis_;
};

// Guards; nothing if the limit is off, so that the route has none. `limiter` must outlive them.
std::optional<http::Guard> PerAddress(Limiter& limiter, Policy policy);
// Behind the guard that sets Call::principal.
std::optional<http::Guard> PerUser(Limiter& limiter, Policy policy);

// 429, told in the language of the path.
http::Refusal TooManyRequests(http::Headers headers);

}  // namespace todo::limits
