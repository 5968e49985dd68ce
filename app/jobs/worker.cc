#include "app/jobs/worker.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "app/jobs/names.h"
#include "app/jobs/sum_squares.h"
#include "common/log.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;
using cache::Reply;
using cache::Value;
using sb::Expected;

constexpr std::string_view kBlockMs = "1000";  // also the longest that Stop takes when idle
constexpr std::int64_t kMostDeliveries = 5;
constexpr std::chrono::milliseconds kPauseWhenAway{200};

cache::RedisOptions ConnectionOptions(const WorkerOptions& options) {
  cache::RedisOptions redis;
  redis.url = options.url;
  redis.purpose = "worker";
  redis.command_timeout = std::chrono::seconds(6);  // a blocking read answers after one
  return redis;
}

}  // namespace

struct Worker::Entry {
  std::string entry_id;  // of the stream
  std::string id, kind, n;
};

Worker::Worker(asio::io_context& loop, WorkerOptions options)
    : loop_(loop),
      options_(std::move(options)),
      stream_(StreamOf(options_.queue)),
      redis_(loop, ConnectionOptions(options_)),
      timer_(loop) {}

void Worker::Start() {
  redis_.Start();
  asio::co_spawn(loop_, Run(), asio::detached);
}

asio::awaitable<void> Worker::Pause(std::chrono::milliseconds time) {
  boost::system::error_code ignored;
  timer_.expires_after(time);
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Worker::Run() {
  while (!stopping_) {
    if (!group_exists_) group_exists_ = co_await EnsureGroup();
    if (group_exists_ && std::chrono::steady_clock::now() >= claim_at_) {
      // At once after the start, then twice per period, so nothing waits much longer than the
      // period.
      claim_at_ = std::chrono::steady_clock::now() +
                  std::max(options_.claim_after / 2, std::chrono::milliseconds(100));
      co_await TakeOverAbandoned();
    }
    bool read = false;
    if (group_exists_) read = co_await ReadNext();
    if (!read) co_await Pause(kPauseWhenAway);
  }
  if (group_exists_) {
    // Everything taken is done: nothing is pending that would be lost with the consumer.
    auto left = redis_.Command({"XGROUP", "DELCONSUMER", stream_, kGroup, options_.consumer});
    co_await std::move(left);
  }
  redis_.Stop();
}

asio::awaitable<bool> Worker::EnsureGroup() {
  // From 0: jobs that came before the first worker count too.
  auto asked = redis_.Command({"XGROUP", "CREATE", stream_, kGroup, "0", "MKSTREAM"});
  const Expected<Reply> reply = co_await std::move(asked);
  const bool exists = reply || reply.error().message.starts_with("BUSYGROUP");
  if (exists && !std::exchange(told_connected_, true) && options_.on_connected) {
    options_.on_connected();
  }
  co_return exists;
}

Worker::Entry Worker::EntryOf(Value value) {
  Entry entry;
  entry.entry_id = value[0].text();
  const Value fields = value[1];
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string_view name = fields[i].text();
    std::string* const target = name == "id"     ? &entry.id
                                : name == "kind" ? &entry.kind
                                : name == "n"    ? &entry.n
                                                 : nullptr;
    if (target != nullptr) *target = fields[i + 1].text();
  }
  return entry;
}

asio::awaitable<void> Worker::TakeOverAbandoned() {
  const std::string idle = std::to_string(options_.claim_after.count());
  std::string cursor = "0-0";
  do {
    auto asked = redis_.Command(
        {"XAUTOCLAIM", stream_, kGroup, options_.consumer, idle, cursor, "COUNT", "10"});
    const Expected<Reply> reply = co_await std::move(asked);
    if (!reply) co_return;
    cursor = reply->value()[0].text();
    const Value entries = reply->value()[1];
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Entry entry = EntryOf(entries[i]);
      if (entry.entry_id.empty()) continue;
      auto pending_asked =
          redis_.Command({"XPENDING", stream_, kGroup, entry.entry_id, entry.entry_id, "1"});
      const Expected<Reply> pending = co_await std::move(pending_asked);
      if (!pending) co_return;
      sb::log::Warning("taking over an abandoned job", {{"job", entry.id}});
      if (pending->value()[0][3].integer() > kMostDeliveries) {
        co_await GiveUp(entry);
      } else {
        co_await Process(entry);
      }
    }
  } while (cursor != "0-0" && !cursor.empty() && !stopping_);
}

// False: the queue is away, wait a little.
asio::awaitable<bool> Worker::ReadNext() {
  auto asked = redis_.Command({"XREADGROUP", "GROUP", kGroup, options_.consumer, "COUNT", "1",
                               "BLOCK", kBlockMs, "STREAMS", stream_, ">"});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) {
    // Redis came back without its data: the group has to be made again.
    group_exists_ = false;
    co_return false;
  }
  const Value entries = reply->value()[0][1];
  for (std::size_t i = 0; i < entries.size(); ++i) co_await Process(EntryOf(entries[i]));
  co_return true;
}

asio::awaitable<void> Worker::Process(const Entry& entry) {
  std::int64_t n = -1;
  const auto [end, failed] = std::from_chars(entry.n.data(), entry.n.data() + entry.n.size(), n);
  const bool valid = entry.kind == "sum_squares" && failed == std::errc() &&
                     end == entry.n.data() + entry.n.size() && n >= 0 && n <= kMostSquares;
  const std::string result = valid ? SumSquares(n) : "unknown kind of job or invalid argument";
  const std::string record = RecordOf(entry.id);
  for (;;) {
    auto stored = redis_.Transaction(
        {{"HSET", record, "status", valid ? "done" : "failed", valid ? "result" : "error", result},
         {"EXPIRE", record, kResultSeconds},
         {"XACK", stream_, kGroup, entry.entry_id},
         {"XDEL", stream_, entry.entry_id}});
    const Expected<Reply> reply = co_await std::move(stored);
    if (reply) break;
    // Still pending in the stream: should this worker end now, another one will run it once more.
    if (stopping_) co_return;
    co_await Pause(kPauseWhenAway);
  }
  Count(valid ? Outcome::kDone : Outcome::kFailed);
}

asio::awaitable<void> Worker::GiveUp(const Entry& entry) {
  const std::string record = RecordOf(entry.id);
  const std::string dead = DeadStreamOf(options_.queue);
  constexpr std::string_view kWhy = "gave up: its workers died";
  auto stored = redis_.Transaction(
      {{"XADD", dead, "*", "id", entry.id, "kind", entry.kind, "n", entry.n, "error", kWhy},
       {"HSET", record, "status", "failed", "error", kWhy},
       {"EXPIRE", record, kResultSeconds},
       {"XACK", stream_, kGroup, entry.entry_id},
       {"XDEL", stream_, entry.entry_id}});
  const Expected<Reply> reply = co_await std::move(stored);
  if (!reply) co_return;  // still pending: the next round tries again
  sb::log::Error("job given up", {{"job", entry.id}, {"kind", entry.kind}});
  Count(Outcome::kDead);
}

std::vector<prometheus::MetricFamily> Worker::Collect() const {
  prometheus::MetricFamily family{
      "jobs_processed_total", "Jobs by outcome.", prometheus::MetricType::Counter, {}};
  constexpr const char* kOutcomes[] = {"done", "failed", "dead"};
  for (std::size_t i = 0; i < std::size(kOutcomes); ++i) {
    prometheus::ClientMetric metric;
    metric.label = {{"kind", "sum_squares"}, {"outcome", kOutcomes[i]}};
    metric.counter.value = static_cast<double>(counts_[i].load(std::memory_order_relaxed));
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

}  // namespace todo::jobs
