#include "app/jobs/relay.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/log.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;
using sb::Expected;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPoll{500};
constexpr std::size_t kAtOnce = 200;
// A relay that dies between taking jobs and handing them over delays them by that much.
constexpr milliseconds kTakenFor{5'000};
constexpr milliseconds kAfterFailure{500};
constexpr milliseconds kWhenFull{5'000};
constexpr std::chrono::minutes kTidyEvery{10};
constexpr std::chrono::hours kConsumerIsGone{1};

}  // namespace

Relay::Relay(asio::io_context& loop, const cache::Redis& redis, Queue& queue, Ledger& ledger,
             std::string name, milliseconds resend, WorkerMetrics& metrics)
    : loop_(loop),
      redis_(redis),
      queue_(queue),
      ledger_(ledger),
      name_(std::move(name)),
      resend_(resend),
      metrics_(metrics),
      timer_(loop) {}

void Relay::Start() { asio::co_spawn(loop_, Run(), asio::detached); }

void Relay::Stop() {
  stopped_ = true;
  timer_.cancel();
}

asio::awaitable<void> Relay::Run() {
  while (!stopped_) {
    bool more = false;
    if (redis_.connected()) {
      co_await LookForNewRun();
      more = co_await HandOver();
      if (Clock::now() >= tidy_at_) {
        tidy_at_ = Clock::now() + kTidyEvery;
        (void)co_await ledger_.ForgetOld();
        (void)co_await queue_.ForgetConsumers(kConsumerIsGone);
      }
    }
    if (more || stopped_) continue;
    boost::system::error_code ignored;
    timer_.expires_after(kPoll);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<void> Relay::LookForNewRun() {
  const std::uint64_t connects = redis_.stats().connects.load(std::memory_order_relaxed);
  if (connects == seen_connects_) co_return;
  const Expected<std::string> run_id = co_await queue_.RunId();
  if (!run_id) co_return;
  const Expected<std::int64_t> again = co_await ledger_.NewRun(name_, *run_id);
  if (!again) co_return;
  seen_connects_ = connects;
  if (*again > 0) {
    sb::log::Warning("redis was restarted: jobs are handed over again", {{"jobs", *again}});
  }
}

asio::awaitable<bool> Relay::HandOver() {
  const Expected<std::vector<Queue::Stored>> due = co_await ledger_.Due(name_, kAtOnce, kTakenFor);
  if (!due || due->empty()) co_return false;
  const Expected<std::size_t> added = co_await queue_.Add(*due);
  const std::size_t done = added ? std::min(*added, due->size()) : 0;
  metrics_.Relayed(done);
  std::vector<std::string> handed_over, rest;
  for (std::size_t i = 0; i < due->size(); ++i) {
    (i < done ? handed_over : rest).push_back((*due)[i].id);
  }
  if (!handed_over.empty()) (void)co_await ledger_.Postpone(handed_over, resend_);
  if (!rest.empty()) (void)co_await ledger_.Postpone(rest, added ? kWhenFull : kAfterFailure);
  co_return rest.empty() && due->size() == kAtOnce;
}

}  // namespace todo::jobs
