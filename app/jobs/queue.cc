#include "app/jobs/queue.h"

#include <boost/asio/use_awaitable.hpp>

#include "app/jobs/names.h"
#include "app/jobs/scripts.h"
#include "common/json.h"

namespace todo::jobs {
namespace {

using cache::Reply;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;

constexpr std::string_view kPromotedAtOnce = "100";

template <typename T>
tl::unexpected<sb::Error> Error(const Expected<T>& failed) {
  return tl::unexpected<sb::Error>(failed.error());
}

}  // namespace

Queue::Queue(cache::Redis& redis, std::string_view name)
    : redis_(redis),
      stream_(StreamOf(name)),
      delayed_(DelayedOf(name)),
      known_(KnownOf(name)),
      dead_(DeadStreamOf(name)) {}

Queue::Answer<std::size_t> Queue::Add(const std::vector<Stored>& jobs) {
  sb::Json list = sb::Json::array();
  for (const Stored& job : jobs) list.push_back({job.id, job.kind});
  const std::string argument = list.dump(-1, ' ', false, sb::Json::error_handler_t::replace);
  auto asked =
      redis_.Command({"EVAL", kAddScript, "3", stream_, delayed_, known_, argument, kMostQueued});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  co_return static_cast<std::size_t>(reply->value().integer());
}

Queue::Answer<void> Queue::AddWithRecord(const Entry& entry) {
  auto length = redis_.Command({"XLEN", stream_});
  const Expected<Reply> depth = co_await std::move(length);
  if (!depth) co_return Error(depth);
  if (depth->value().integer() >= std::stoll(std::string(kMostQueued))) {
    co_return Fail(ErrorCode::kTooManyRequests, "the queue is full");
  }
  const std::string record = RecordOf(entry.id);
  auto asked = redis_.Transaction(
      {{"HSET", record, "status", "queued", "kind", entry.kind, "payload", entry.payload},
       {"EXPIRE", record, kResultSeconds},
       {"XADD", stream_, "*", "id", entry.id, "kind", entry.kind, "payload", entry.payload}});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  if (reply->value()[2].text().empty()) {
    co_return Fail(ErrorCode::kUnavailable, "the job was not queued");
  }
  co_return Expected<void>();
}

Queue::Answer<void> Queue::EnsureGroup() {
  auto asked = redis_.Command({"XGROUP", "CREATE", stream_, kGroup, "0", "MKSTREAM"});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply && !reply.error().message.starts_with("BUSYGROUP")) co_return Error(reply);
  co_return Expected<void>();
}

Queue::Answer<std::vector<Entry>> Queue::Take(std::string_view consumer, std::size_t most,
                                              milliseconds block) {
  const std::string count = std::to_string(most);
  const std::string wait = std::to_string(block.count());
  auto asked = redis_.Command({"XREADGROUP", "GROUP", kGroup, consumer, "COUNT", count, "BLOCK",
                               wait, "STREAMS", stream_, ">"});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  co_return EntriesOf(reply->value()[0][1]);
}

Queue::Answer<std::vector<Entry>> Queue::TakeOver(std::string_view consumer, std::size_t most,
                                                  milliseconds idle, std::string& cursor) {
  const std::string count = std::to_string(most);
  const std::string silent = std::to_string(idle.count());
  auto asked =
      redis_.Command({"XAUTOCLAIM", stream_, kGroup, consumer, silent, cursor, "COUNT", count});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  cursor = reply->value()[0].text();
  if (cursor.empty()) cursor = "0-0";
  std::vector<Entry> entries = EntriesOf(reply->value()[1]);
  for (Entry& entry : entries) {
    auto counted =
        redis_.Command({"XPENDING", stream_, kGroup, entry.entry_id, entry.entry_id, "1"});
    const Expected<Reply> pending = co_await std::move(counted);
    // Unknown is at least the second time.
    entry.deliveries = pending ? pending->value()[0][3].integer() : 2;
  }
  co_return entries;
}

Queue::Answer<bool> Queue::Moved(boost::asio::awaitable<Expected<Reply>> asked) {
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  co_return reply->value().integer() > 0;
}

Queue::Answer<bool> Queue::Finish(const Entry& entry, const RecordUpdate& record) {
  const std::string key = RecordOf(entry.id);
  return Moved(
      redis_.Command({"EVAL", kFinishScript, "4", stream_, delayed_, known_, key, kGroup,
                      entry.entry_id, entry.id, record.status, record.name, record.value}));
}

Queue::Answer<bool> Queue::Delay(const Entry& entry, milliseconds delay) {
  const std::string fields = FieldsOf(entry);
  const std::string wait = std::to_string(delay.count());
  return Moved(redis_.Command({"EVAL", kDelayScript, "3", stream_, delayed_, known_, kGroup,
                               entry.entry_id, entry.id, fields, wait}));
}

Queue::Answer<bool> Queue::HandBack(const Entry& entry) {
  const std::string fields = FieldsOf(entry);
  return Moved(redis_.Command({"EVAL", kHandBackScript, "3", stream_, delayed_, known_, kGroup,
                               entry.entry_id, entry.id, fields}));
}

Queue::Answer<bool> Queue::Bury(const Entry& entry, std::string_view error) {
  const std::string fields = FieldsOf(entry);
  const std::string record = RecordOf(entry.id);
  return Moved(redis_.Command({"EVAL", kBuryScript, "5", stream_, delayed_, known_, dead_, record,
                               kGroup, entry.entry_id, entry.id, fields, error, kMostDead}));
}

Queue::Answer<bool> Queue::Beat(std::string_view consumer,
                                const std::vector<std::string>& entry_ids) {
  const std::string ids = sb::Json(entry_ids).dump();
  return Moved(
      redis_.Command({"EVAL", kBeatScript, "3", stream_, delayed_, known_, kGroup, consumer, ids}));
}

Queue::Answer<void> Queue::Promote() {
  auto asked =
      redis_.Command({"EVAL", kPromoteScript, "3", stream_, delayed_, known_, kPromotedAtOnce});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  co_return Expected<void>();
}

Queue::Answer<bool> Queue::Leave(std::string_view consumer) {
  return Moved(redis_.Command(
      {"EVAL", kForgetScript, "3", stream_, delayed_, known_, kGroup, "0", consumer}));
}

Queue::Answer<bool> Queue::ForgetConsumers(milliseconds idle) {
  const std::string silent = std::to_string(idle.count());
  return Moved(
      redis_.Command({"EVAL", kForgetScript, "3", stream_, delayed_, known_, kGroup, silent, ""}));
}

Queue::Answer<QueueState> Queue::Look() {
  auto asked = redis_.Command({"EVAL", kLookScript, "4", stream_, delayed_, known_, dead_, kGroup});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  const cache::Value state = reply->value();
  co_return QueueState{.depth = state[0].integer(),
                       .in_flight = state[1].integer(),
                       .oldest_ms = state[2].integer(),
                       .delayed = state[3].integer(),
                       .dead = state[4].integer()};
}

Queue::Answer<std::string> Queue::RunId() {
  auto asked = redis_.Command({"INFO", "server"});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  std::string_view text = reply->value().text();
  constexpr std::string_view kField = "run_id:";
  const std::size_t at = text.find(kField);
  if (at == std::string_view::npos) co_return Fail(ErrorCode::kInternal, "INFO without run_id");
  text.remove_prefix(at + kField.size());
  co_return std::string(text.substr(0, text.find_first_of("\r\n")));
}

Queue::Answer<std::vector<Entry>> Queue::Dead(std::size_t most) {
  const std::string count = std::to_string(most);
  auto asked = redis_.Command({"XREVRANGE", dead_, "+", "-", "COUNT", count});
  const Expected<Reply> reply = co_await std::move(asked);
  if (!reply) co_return Error(reply);
  co_return EntriesOf(reply->value());
}

Queue::Answer<bool> Queue::Revive(const Entry& dead) {
  const std::string record = RecordOf(dead.id);
  return Moved(redis_.Command({"EVAL", kReviveScript, "5", stream_, delayed_, known_, dead_, record,
                               dead.entry_id, dead.id}));
}

Queue::Answer<bool> Queue::DropDead(const Entry& dead) {
  return Moved(redis_.Command({"XDEL", dead_, dead.entry_id}));
}

}  // namespace todo::jobs
