#include "app/jobs/ledger.h"

#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "app/jobs/statements.h"
#include "app/store/arrays.h"

namespace todo::jobs {
namespace {

using sb::Expected;
using store::Parameters;
using store::Rows;

// After the moment at which a job should have gone on by itself, the relay waits that much longer.
constexpr std::int64_t kGraceMs = 2'000;
constexpr std::int64_t kForgottenAtOnce = 1'000;

template <typename T>
tl::unexpected<sb::Error> Error(const Expected<T>& failed) {
  return tl::unexpected<sb::Error>(failed.error());
}

std::string TextsOf(const std::vector<std::string>& texts) {
  store::TextArray array;
  for (const std::string& text : texts) array.Add(text);
  return array.Bytes();
}

}  // namespace

Ledger::Answer<Begun> Ledger::Begin(std::string_view id) {
  Parameters parameters;
  parameters.Text(id).Text(worker_).Integer(lease_.count()).Integer(kGraceMs);
  auto asked = postgres_.Query(kBegin, std::move(parameters));
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  Begun begun;
  if (!rows->empty()) {
    begun.state = Begun::State::kOurs;
    begun.kind = rows->text(0, 0);
    begun.payload = rows->text(0, 1);
    begun.attempt = rows->integer(0, 2);
    if (!rows->text(0, 3).empty()) begun.owner_id = rows->integer(0, 3);
    co_return begun;
  }
  Parameters same;
  same.Text(id);
  auto looked = postgres_.Query(kStateOf, std::move(same));
  const Expected<Rows> state = co_await std::move(looked);
  if (!state) co_return Error(state);
  if (state->empty()) co_return begun;
  if (state->text(0, 0) != "queued" && state->text(0, 0) != "running") co_return begun;
  begun.state = Begun::State::kLater;
  begun.wait = milliseconds(state->integer(0, 1));
  co_return begun;
}

Ledger::Answer<std::vector<std::string>> Ledger::Extend(const std::vector<std::string>& ids) {
  Parameters parameters;
  parameters.Text(TextsOf(ids)).Text(worker_).Integer(lease_.count()).Integer(kGraceMs);
  auto asked = postgres_.Query(kExtend, std::move(parameters));
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  std::vector<std::string> ours;
  for (int row = 0; row < rows->size(); ++row) ours.emplace_back(rows->text(row, 0));
  co_return ours;
}

Ledger::Answer<bool> Ledger::Changed(boost::asio::awaitable<Expected<Rows>> asked) {
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  co_return !rows->empty();
}

Ledger::Answer<bool> Ledger::Finish(std::string_view id, std::string_view result) {
  Parameters parameters;
  parameters.Text(id).Text(worker_).Text(result);
  return Changed(postgres_.Query(kFinish, std::move(parameters)));
}

Ledger::Answer<bool> Ledger::Retry(std::string_view id, std::string_view error,
                                   milliseconds delay) {
  Parameters parameters;
  parameters.Text(id).Text(worker_).Text(error).Integer(delay.count()).Integer(kGraceMs);
  return Changed(postgres_.Query(kRetry, std::move(parameters)));
}

Ledger::Answer<bool> Ledger::HandBack(std::string_view id) {
  Parameters parameters;
  parameters.Text(id).Text(worker_).Integer(kGraceMs);
  return Changed(postgres_.Query(kHandBack, std::move(parameters)));
}

Ledger::Answer<bool> Ledger::Bury(std::string_view id, std::string_view error) {
  Parameters parameters;
  parameters.Text(id).Text(worker_).Text(error);
  return Changed(postgres_.Query(kBury, std::move(parameters)));
}

Ledger::Answer<std::vector<Queue::Stored>> Ledger::Due(std::string_view queue, std::size_t most,
                                                       milliseconds taken_for) {
  Parameters parameters;
  parameters.Text(queue).Integer(static_cast<std::int64_t>(most)).Integer(taken_for.count());
  auto asked = postgres_.Query(kDue, std::move(parameters));
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  std::vector<Queue::Stored> jobs;
  for (int row = 0; row < rows->size(); ++row) {
    jobs.push_back({std::string(rows->text(row, 0)), std::string(rows->text(row, 1))});
  }
  co_return jobs;
}

Ledger::Answer<void> Ledger::Postpone(const std::vector<std::string>& ids, milliseconds by) {
  Parameters parameters;
  parameters.Text(TextsOf(ids)).Integer(by.count());
  auto asked = postgres_.Query(kPostpone, std::move(parameters));
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  co_return Expected<void>();
}

Ledger::Answer<std::int64_t> Ledger::NewRun(std::string_view queue, std::string_view run_id) {
  Parameters parameters;
  parameters.Text(queue).Text(run_id);
  auto asked = postgres_.Query(kNewRun, std::move(parameters));
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  co_return rows->integer(0, 0);
}

Ledger::Answer<void> Ledger::ForgetOld() {
  Parameters parameters;
  parameters.Integer(kForgottenAtOnce);
  auto asked = postgres_.Query(kForgetOld, std::move(parameters));
  const Expected<Rows> rows = co_await std::move(asked);
  if (!rows) co_return Error(rows);
  co_return Expected<void>();
}

}  // namespace todo::jobs
