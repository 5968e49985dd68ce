#include "app/limits/limiter.h"

#include "app/limits/script.h"
#include "common/log.h"
#include "common/metrics/family.h"

namespace todo::limits {
namespace {

namespace asio = boost::asio;
using cache::Reply;
using sb::Expected;

// All that any route asks for at once.
constexpr std::size_t kMostCharges = 2;

asio::awaitable<Expected<Reply>> Send(cache::Redis& redis, std::string_view command,
                                      std::string_view script, const std::vector<Charge>& charges) {
  std::string numbers[2 * kMostCharges];
  for (std::size_t i = 0; i < charges.size(); ++i) {
    numbers[2 * i] = std::to_string(charges[i].rate.interval_us());
    numbers[2 * i + 1] = std::to_string(charges[i].rate.window_us());
  }
  if (charges.size() == 1) {
    auto asked = redis.Command({command, script, "1", charges[0].key, numbers[0], numbers[1]});
    co_return co_await std::move(asked);
  }
  auto asked = redis.Command({command, script, "2", charges[0].key, charges[1].key, numbers[0],
                              numbers[1], numbers[2], numbers[3]});
  co_return co_await std::move(asked);
}

void AppendParameter(std::string& out, std::string_view name, std::int64_t value) {
  out += ';';
  out += name;
  out += '=';
  out += std::to_string(value);
}

}  // namespace

std::string_view NameOf(Policy policy) {
  switch (policy) {
    case Policy::kToken:
      return "token";
    case Policy::kTokenUser:
      return "token-user";
    case Policy::kRegistration:
      return "registration";
    case Policy::kTasks:
      return "tasks";
    case Policy::kUser:
      return "user";
    case Policy::kSession:
      return "session";
    case Policy::kCount:
      break;
  }
  return "";
}

std::vector<Level> Limits::TakeLocally(std::span<const Charge> charges) {
  return local_.Take(charges, std::chrono::duration_cast<std::chrono::microseconds>(
                                  clock_.Now().time_since_epoch())
                                  .count());
}

void Limits::Count(Policy policy, bool allowed, bool by_redis) {
  const std::size_t at =
      static_cast<std::size_t>(policy) * 4 + (allowed ? 2U : 0U) + (by_redis ? 1U : 0U);
  decisions_[at].fetch_add(1, std::memory_order_relaxed);
}

std::vector<prometheus::MetricFamily> Limits::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  families.push_back(sb::metrics::Family("todo_limit_decisions_total",
                                         "Requests that a rate limit allowed or refused, by Redis "
                                         "or, while it is away, by this process.",
                                         prometheus::MetricType::Counter));
  for (std::size_t policy = 0; policy < kPolicies; ++policy) {
    if (!options_.rates[policy]) continue;
    for (std::size_t kind = 0; kind < 4; ++kind) {
      sb::metrics::AddSample(
          families.back(),
          static_cast<double>(decisions_[policy * 4 + kind].load(std::memory_order_relaxed)),
          {{"limit", std::string(NameOf(static_cast<Policy>(policy)))},
           {"outcome", kind >= 2 ? "allowed" : "refused"},
           {"by", kind % 2 == 1 ? "redis" : "local"}});
    }
  }
  return families;
}

asio::awaitable<std::optional<std::vector<Level>>> Limiter::TakeFromRedis(
    const std::vector<Charge>& charges) {
  if (redis_ == nullptr) co_return std::nullopt;
  auto asked = Send(*redis_, "EVALSHA", ScriptDigest(), charges);
  Expected<Reply> reply = co_await std::move(asked);
  if (!reply && reply.error().message.starts_with("NOSCRIPT")) {  // a Redis that was started anew
    auto again = Send(*redis_, "EVAL", kScript, charges);
    reply = co_await std::move(again);
  }
  if (!reply) {
    if (reply.error().code == sb::ErrorCode::kInvalidArgument) {
      sb::log::Error("redis cannot run the limits", {{"reason", reply.error().message}});
    }
    co_return std::nullopt;
  }
  const cache::Value value = reply->value();
  if (value.size() != charges.size() + 1) co_return std::nullopt;
  const bool allowed = value[0].integer() == 1;
  std::vector<Level> levels;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Level level{allowed, value[i + 1].integer()};
    if (!allowed) {
      // Which of them it was: the one that has no room for another.
      level.allowed = level.ahead_us + charges[i].rate.interval_us() <= charges[i].rate.window_us();
    }
    levels.push_back(level);
  }
  co_return levels;
}

asio::awaitable<Admission> Limiter::Take(std::vector<Demand> demands) {
  std::vector<Charge> charges;
  std::vector<Policy> policies;
  for (Demand& demand : demands) {
    const std::optional<Rate>& rate = limits_.rate(demand.policy);
    if (!rate || charges.size() == kMostCharges) continue;
    charges.push_back(
        {"limit:" + std::string(NameOf(demand.policy)) + ":" + std::move(demand.who), *rate});
    policies.push_back(demand.policy);
  }
  Admission admission;
  if (charges.empty()) co_return admission;
  auto asked = TakeFromRedis(charges);
  std::optional<std::vector<Level>> levels = co_await std::move(asked);
  const bool by_redis = levels.has_value();
  if (!levels) levels = limits_.TakeLocally(charges);

  std::string quotas, left;
  std::int64_t retry = 0;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    const Level& level = (*levels)[i];
    const Rate& rate = charges[i].rate;
    limits_.Count(policies[i], level.allowed, by_redis);
    const std::string name = (i == 0 ? "\"" : ", \"") + std::string(NameOf(policies[i])) + "\"";
    quotas += name;
    AppendParameter(quotas, "q", rate.quota);
    AppendParameter(quotas, "w", rate.window.count());
    left += name;
    AppendParameter(left, "r", level.Remaining(rate));
    AppendParameter(left, "t", level.ResetSeconds());
    if (!level.allowed) {
      admission.allowed = false;
      retry = std::max(retry, level.RetrySeconds(rate));
    }
  }
  admission.headers.emplace_back("RateLimit-Policy", std::move(quotas));
  admission.headers.emplace_back("RateLimit", std::move(left));
  if (!admission.allowed) {
    admission.headers.emplace_back("Retry-After", std::to_string(retry));
  }
  co_return admission;
}

std::string Limits::ClientOf(const sb::http::Request& request) {
  if (options_.proxies.trusts_nobody() && !request.header("x-forwarded-for").empty() &&
      !told_of_proxy_.exchange(true, std::memory_order_relaxed)) {
    sb::log::Warning(
        "a request has X-Forwarded-For and no proxy is trusted: if it came through one, all its "
        "clients share one rate limit; set TRUSTED_PROXIES",
        {{"peer", request.remote_address}});
  }
  const auto address = options_.proxies.ClientOf(request);
  return address ? address->Prefix() : "unknown";
}

http::Refusal TooManyRequests(http::Headers headers) {
  return {429, "Too many requests; see Retry-After", std::move(headers)};
}

}  // namespace todo::limits
