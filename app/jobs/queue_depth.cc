#include "app/jobs/queue_depth.h"

#include <prometheus/metric_family.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/jobs/names.h"

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
    : loop_(loop), redis_(loop, Options(url)), timer_(loop), queue_(std::move(queue)) {}

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
  const std::string stream = StreamOf(queue_);
  while (!stopped_) {
    auto asked = redis_.Command({"XLEN", stream});
    const sb::Expected<cache::Reply> reply = co_await std::move(asked);
    depth_.store(reply ? reply->value().integer() : -1, std::memory_order_relaxed);
    // Soon after a failure: at start the connection is a moment away.
    timer_.expires_after(reply ? std::chrono::milliseconds(kEvery)
                               : std::chrono::milliseconds(200));
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

std::vector<prometheus::MetricFamily> QueueDepth::Collect() const {
  prometheus::MetricFamily family{
      "queue_depth", "Jobs waiting or running.", prometheus::MetricType::Gauge, {}};
  if (const std::int64_t depth = depth_.load(std::memory_order_relaxed); depth >= 0) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"queue", queue_});
    metric.gauge.value = static_cast<double>(depth);
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

}  // namespace todo::jobs
