#include "app/limits/limiter.h"

namespace todo::limits {
namespace {

namespace asio = boost::asio;
using Refused = std::optional<http::Refusal>;

asio::awaitable<Refused> Check(Limiter& limiter, Policy policy, http::Call& call, std::string who) {
  std::vector<Demand> demands;
  demands.push_back({policy, std::move(who)});
  auto asked = limiter.Take(std::move(demands));
  Admission admission = co_await std::move(asked);
  if (!admission.allowed) co_return TooManyRequests(std::move(admission.headers));
  for (auto& header : admission.headers) call.answer_headers.push_back(std::move(header));
  co_return std::nullopt;
}

asio::awaitable<Refused> Nobody() { co_return std::nullopt; }

}  // namespace

std::optional<http::Guard> PerAddress(Limiter& limiter, Policy policy) {
  if (!limiter.rate(policy)) return std::nullopt;
  return http::Guard{.check =
                         [&limiter, policy](http::Call& call) {
                           return Check(limiter, policy, call, limiter.ClientOf(call.request));
                         },
                     .refuses = {429}};
}

std::optional<http::Guard> PerUser(Limiter& limiter, Policy policy) {
  if (!limiter.rate(policy)) return std::nullopt;
  return http::Guard{.check =
                         [&limiter, policy](http::Call& call) {
                           if (!call.principal) return Nobody();
                           return Check(limiter, policy, call,
                                        std::to_string(call.principal->user_id));
                         },
                     .refuses = {429}};
}

}  // namespace todo::limits
