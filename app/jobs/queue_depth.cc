#include "app/jobs/queue_depth.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/metrics/family.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kEvery{2};

cache::RedisOptions Options(const std::string& url) {
  cache::RedisOptions options;
  options.url = url;
  options.purpose = "queue depth";
  return options;
}

}  // namespace

QueueDepth::QueueDepth(asio::io_context& loop, const std::string& url, std::string queue)
    : loop_(loop),
      redis_(loop, Options(url)),
      queue_(redis_, queue),
      timer_(loop),
      name_(std::move(queue)) {}

void QueueDepth::Start() {
  redis_.Start();
  asio::co_spawn(loop_, Run(), asio::detached);
}

void QueueDepth::Stop() {
  stopped_ = true;
  timer_.cancel();
  redis_.Stop();
}

asio::awaitable<void> QueueDepth::Run() {
  while (!stopped_) {
    const sb::Expected<QueueState> state = co_await queue_.Look();
    {
      const std::lock_guard lock(state_mutex_);
      state_ = state ? std::optional(*state) : std::nullopt;
    }
    // Soon after a failure: at start the connection is a moment away.
    timer_.expires_after(state ? std::chrono::milliseconds(kEvery)
                               : std::chrono::milliseconds(200));
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

std::vector<prometheus::MetricFamily> QueueDepth::Collect() const {
  std::optional<QueueState> state;
  {
    const std::lock_guard lock(state_mutex_);
    state = state_;
  }
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](const char* name, const char* help, double value) {
    auto family = sb::metrics::Family(name, help, prometheus::MetricType::Gauge);
    if (state) sb::metrics::AddSample(family, value, {{"queue", name_}});
    families.push_back(std::move(family));
  };
  const QueueState shown = state.value_or(QueueState{});
  add("queue_depth", "Jobs waiting or running.", static_cast<double>(shown.depth));
  add("queue_oldest_waiting_seconds", "How long the first in line has waited.",
      static_cast<double>(shown.oldest_ms) / 1000);
  add("queue_in_flight", "Jobs running.", static_cast<double>(shown.in_flight));
  add("queue_delayed", "Jobs waiting for their next try.", static_cast<double>(shown.delayed));
  add("queue_dead", "Jobs given up.", static_cast<double>(shown.dead));
  return families;
}

}  // namespace todo::jobs
