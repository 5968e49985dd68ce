#include "app/jobs/outbox.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/jobs/kinds.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;

// The relay looks after a job that was handed over in passing once it should have begun.
constexpr std::int64_t kRelayAfterMs = 2'000;
constexpr std::chrono::seconds kFullFor{1};

}  // namespace

Outbox::Outbox(store::Database* database, cache::Redis* redis, std::string queue)
    : database_(database), redis_(redis), queue_name_(std::move(queue)) {
  if (redis_ != nullptr) queue_.emplace(*redis_, queue_name_);
}

asio::awaitable<Expected<std::string>> Outbox::Put(std::string_view kind_name, sb::Json payload,
                                                   std::optional<std::int64_t> owner) {
  const Kind* const kind = FindKind(kind_name);
  if (kind == nullptr) co_return Fail(ErrorCode::kInvalidArgument, "Unknown kind of job");
  Expected<void> valid = CheckPayload(*kind, payload);
  if (!valid) co_return tl::unexpected<sb::Error>(std::move(valid.error()));
  const std::string text = payload.dump(-1, ' ', false, sb::Json::error_handler_t::replace);
  const std::string id = NewJobId();

  if (database_ == nullptr) {
    if (!queue_) co_return Fail(ErrorCode::kUnavailable, "no queue is configured");
    Entry entry{.id = id, .kind = std::string(kind->name), .payload = text};
    Expected<void> added = co_await queue_->AddWithRecord(entry);
    // Not known to be queued is not accepted: the caller tries again, and at worst the job runs
    // twice.
    if (!added) co_return tl::unexpected<sb::Error>(std::move(added.error()));
    co_return id;
  }
  if (std::chrono::steady_clock::now() < full_until_) {
    co_return Fail(ErrorCode::kTooManyRequests, "the queue is full");
  }
  const bool in_passing = redis_ != nullptr && redis_->connected();
  store::Parameters parameters;
  parameters.Text(id)
      .Text(queue_name_)
      .Text(kind->name)
      .Text(text)
      .Integer(owner.value_or(0))
      .Integer(in_passing ? kRelayAfterMs : 0);
  auto asked = database_->Query(store::kCreateJob, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return tl::unexpected<sb::Error>(rows.error());
  if (in_passing) {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, HandOver(id, std::string(kind->name)), asio::detached);
  }
  co_return id;
}

asio::awaitable<void> Outbox::HandOver(std::string id, std::string kind) {
  std::vector<Queue::Stored> jobs;
  jobs.push_back({std::move(id), std::move(kind)});
  const Expected<std::size_t> added = co_await queue_->Add(jobs);
  if (added && *added == 0) full_until_ = std::chrono::steady_clock::now() + kFullFor;
}

}  // namespace todo::jobs
