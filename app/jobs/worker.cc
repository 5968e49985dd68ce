#include "app/jobs/worker.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/log.h"

namespace todo::jobs {
namespace {

namespace asio = boost::asio;
using sb::Expected;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kBlock{1'000};  // also the longest that Stop takes when idle
constexpr milliseconds kTick{200};
constexpr milliseconds kPauseWhenAway{200};
constexpr milliseconds kPauseWhenFull{10};
constexpr std::size_t kMostTakenOver = 10;
// A handler that does not look at its `stop` gets no more signs of life after that long: another
// worker then has the job.
constexpr std::chrono::seconds kDeafFor{30};
constexpr std::chrono::minutes kInsistFor{5};
constexpr milliseconds kStopGrace{1'000};
// A kind that this version does not know may be one of a newer version, whose workers do.
constexpr Kind kUnknown{
    .name = "unknown",
    .retries = {.most_attempts = 10, .first = milliseconds(5'000), .most = milliseconds(60'000)}};
constexpr milliseconds kWithoutDatabase{5'000};

cache::RedisOptions ConnectionOptions(const WorkerOptions& options, const char* purpose) {
  cache::RedisOptions redis;
  redis.url = options.url;
  redis.purpose = purpose;
  redis.command_timeout = std::chrono::seconds(6);  // a blocking read answers after one
  return redis;
}

}  // namespace

Worker::Worker(asio::io_context& loop, WorkerOptions options, const Handlers& handlers,
               WorkerMetrics& metrics, store::Postgres* postgres)
    : loop_(loop),
      options_(std::move(options)),
      handlers_(handlers),
      metrics_(metrics),
      take_(loop, ConnectionOptions(options_, "jobs in")),
      give_(loop, ConnectionOptions(options_, "jobs out")),
      taking_(take_, options_.queue),
      queue_(give_, options_.queue) {
  if (postgres == nullptr) return;
  ledger_.emplace(*postgres, options_.consumer, options_.claim_after);
  relay_.emplace(loop, give_, queue_, *ledger_, options_.queue, options_.resend, metrics_);
}

void Worker::Start() {
  take_.Start();
  give_.Start();
  if (relay_) relay_->Start();
  asio::co_spawn(loop_, Run(), asio::detached);
  asio::co_spawn(loop_, Keep(), asio::detached);
}

void Worker::Stop() {
  stopping_ = true;
  if (relay_) relay_->Stop();
}

asio::awaitable<void> Worker::Pause(milliseconds time) {
  boost::system::error_code ignored;
  asio::steady_timer timer(loop_, time);
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Worker::Run() {
  while (!stopping_) {
    if (!group_exists_) {
      const Expected<void> made = co_await queue_.EnsureGroup();
      group_exists_ = made.has_value();
      if (group_exists_ && !std::exchange(told_connected_, true) && options_.on_connected) {
        options_.on_connected();
      }
      if (!group_exists_) co_await Pause(kPauseWhenAway);
      continue;
    }
    if (in_hand_.size() >= options_.concurrency) {
      co_await Pause(kPauseWhenFull);
      continue;
    }
    const std::size_t room = options_.concurrency - in_hand_.size();
    Expected<std::vector<Entry>> entries = co_await taking_.Take(options_.consumer, room, kBlock);
    if (!entries) {
      // Redis came back without its data: the group has to be made again.
      group_exists_ = false;
      co_await Pause(kPauseWhenAway);
      continue;
    }
    for (Entry& entry : *entries) Accept(std::move(entry));
  }
  co_await Drain();
}

asio::awaitable<void> Worker::Drain() {
  const auto until = Clock::now() + options_.drain_deadline;
  while (!in_hand_.empty() && Clock::now() < until) co_await Pause(kPauseWhenFull);
  giving_up_ = true;
  for (auto& [id, hand] : in_hand_) hand->stop = true;
  const auto at_last = Clock::now() + kStopGrace;
  while (!in_hand_.empty() && Clock::now() < at_last) co_await Pause(kPauseWhenFull);
  // What does not listen even now goes on until the process ends, for nothing.
  std::vector<HandPointer> deaf;
  for (auto& [id, hand] : in_hand_) deaf.push_back(hand);
  for (const HandPointer& hand : deaf) {
    hand->let_go = true;
    co_await HandBack(*hand);
  }
  (void)co_await queue_.Leave(options_.consumer);
  take_.Stop();
  give_.Stop();
  if (options_.on_stopped) options_.on_stopped();
}

asio::awaitable<void> Worker::Keep() {
  while (!giving_up_) {
    co_await Pause(kTick);
    MindDeadlines();
    if (!group_exists_) continue;
    const auto now = Clock::now();
    if (now >= sign_at_ && !in_hand_.empty()) {
      sign_at_ = now + options_.claim_after / 4;
      co_await GiveSigns();
    }
    if (stopping_) continue;
    (void)co_await queue_.Promote();
    if (now >= claim_at_) {
      // At once after the start, then twice per period, so nothing waits much longer than the
      // period.
      claim_at_ = now + options_.claim_after / 2;
      co_await TakeOverAbandoned();
    }
  }
}

void Worker::MindDeadlines() {
  const auto now = Clock::now();
  for (auto& [id, hand] : in_hand_) {
    if (now >= hand->deadline) hand->stop = true;
  }
  metrics_.SetInHand(in_hand_.size());
}

asio::awaitable<void> Worker::GiveSigns() {
  std::vector<std::string> entries, leased;
  const auto now = Clock::now();
  for (auto& [id, hand] : in_hand_) {
    if (now >= hand->deadline + kDeafFor) continue;
    entries.push_back(hand->entry.entry_id);
    if (hand->leased) leased.push_back(id);
  }
  (void)co_await queue_.Beat(options_.consumer, entries);
  if (!ledger_ || leased.empty()) co_return;
  const Expected<std::vector<std::string>> ours = co_await ledger_->Extend(leased);
  if (!ours) co_return;  // unknown; the lease is longer than a few of these
  for (const std::string& id : leased) {
    if (std::find(ours->begin(), ours->end(), id) != ours->end()) continue;
    // Done meanwhile, or another worker's: then nobody wants our result.
    if (const auto hand = in_hand_.find(id); hand != in_hand_.end()) hand->second->stop = true;
  }
}

asio::awaitable<void> Worker::TakeOverAbandoned() {
  std::string cursor = "0-0";
  do {
    if (in_hand_.size() >= options_.concurrency) co_return;
    const std::size_t room = std::min(options_.concurrency - in_hand_.size(), kMostTakenOver);
    Expected<std::vector<Entry>> entries =
        co_await queue_.TakeOver(options_.consumer, room, options_.claim_after, cursor);
    if (!entries) co_return;
    for (Entry& entry : *entries) {
      sb::log::Warning("taking over an abandoned job", {{"job", entry.id}});
      Accept(std::move(entry));
    }
  } while (cursor != "0-0" && !stopping_);
}

void Worker::Accept(Entry entry) {
  const auto known = in_hand_.find(entry.id);
  if (entry.id.empty() || known != in_hand_.end()) {
    const bool same = !entry.id.empty() && known->second->entry.entry_id == entry.entry_id;
    // One that is not stored has nothing but this entry: whoever takes it over later runs it.
    const bool only = !entry.id.empty() && !entry.stored;
    if (!same && !only) asio::co_spawn(loop_, RemoveDuplicate(std::move(entry)), asio::detached);
    return;
  }
  auto hand = std::make_shared<Hand>();
  hand->entry = std::move(entry);
  hand->began = Clock::now();
  hand->deadline = Clock::time_point::max() - std::chrono::hours(1);  // until its kind is known
  in_hand_.emplace(hand->entry.id, hand);
  asio::co_spawn(loop_, Process(std::move(hand)), asio::detached);
}

// An entry that is no job, or a stored job that is in hand already: should it fail here, the ledger
// knows when it is due again.
asio::awaitable<void> Worker::RemoveDuplicate(Entry entry) {
  (void)co_await queue_.Finish(entry, {});
}

asio::awaitable<void> Worker::Process(HandPointer hand) {
  co_await RunInHand(*hand);
  if (!hand->let_go) in_hand_.erase(hand->entry.id);
}

asio::awaitable<void> Worker::RunInHand(Hand& hand) {
  Entry& entry = hand.entry;
  Job& job = hand.job;
  job.id = entry.id;
  job.stop = &hand.stop;
  job.attempt = entry.attempt + entry.deliveries;
  if (entry.stored) {
    const bool ours = co_await Begin(hand);
    if (!ours) co_return;
  }
  const Kind* const known = FindKind(entry.kind);
  const auto handler = handlers_.find(entry.kind);
  const Kind* const kind = known != nullptr && handler != handlers_.end() ? known : &kUnknown;
  // Before it is run: the attempts before may have ended with their workers.
  if (job.attempt > kind->retries.most_attempts) {
    co_return co_await Bury(hand, "gave up: its workers died");
  }
  Outcome outcome;
  if (kind == &kUnknown) {
    outcome = Outcome::Retry("unknown kind of job: " + entry.kind);
    co_return co_await Settle(hand, kind, std::move(outcome));
  }
  job.payload = sb::Json::parse(entry.payload, nullptr, false);
  const Expected<void> valid = CheckPayload(*kind, job.payload);
  if (!valid) co_return co_await Bury(hand, "invalid payload: " + valid.error().message);
  hand.deadline = job.deadline = Clock::now() + kind->timeout;
  try {
    auto running = handler->second(job);
    outcome = co_await std::move(running);
  } catch (const std::exception& error) {
    outcome = Outcome::Retry(error.what());
  }
  if (hand.let_go) co_return;
  if (outcome.kind == Outcome::Kind::kStopped && Clock::now() >= hand.deadline) {
    outcome = Outcome::Retry("no end within its time");
  }
  co_await Settle(hand, kind, std::move(outcome));
}

asio::awaitable<bool> Worker::Begin(Hand& hand) {
  Entry& entry = hand.entry;
  if (!ledger_) {
    (void)co_await queue_.Delay(entry, kWithoutDatabase);
    co_return false;
  }
  for (;;) {
    Expected<Begun> begun = co_await ledger_->Begin(entry.id);
    if (!begun) {
      // Still pending in the stream: should this worker end now, another one will run it.
      if (stopping_) {
        co_await HandBack(hand);
        co_return false;
      }
      co_await Pause(kPauseWhenAway);
      continue;
    }
    if (begun->state == Begun::State::kOver) {
      (void)co_await queue_.Finish(entry, {});
      co_return false;
    }
    if (begun->state == Begun::State::kLater) {
      (void)co_await queue_.Delay(entry, begun->wait + milliseconds(20));
      co_return false;
    }
    hand.leased = true;
    hand.job.attempt = begun->attempt;
    hand.job.owner_id = begun->owner_id;
    entry.kind = std::move(begun->kind);
    entry.payload = std::move(begun->payload);
    co_return true;
  }
}

asio::awaitable<void> Worker::Settle(Hand& hand, const Kind* kind, Outcome outcome) {
  // The text may quote what a stranger sent.
  if (outcome.text.find('\0') != std::string::npos) outcome.text = "(not text)";
  switch (outcome.kind) {
    case Outcome::Kind::kDone:
      co_return co_await Finish(hand, std::move(outcome.text), false);
    case Outcome::Kind::kSettled:
      co_return co_await Finish(hand, {}, true);
    case Outcome::Kind::kFailed:
      co_return co_await Bury(hand, std::move(outcome.text));
    case Outcome::Kind::kStopped:
      co_return co_await HandBack(hand);
    case Outcome::Kind::kRetry:
      break;
  }
  if (hand.job.attempt >= kind->retries.most_attempts) {
    co_return co_await Bury(hand, std::move(outcome.text));
  }
  co_await RetryLater(hand, kind->retries, std::move(outcome.text));
}

template <typename Ask>
asio::awaitable<std::optional<bool>> Worker::Insist(Ask ask) {
  const auto until = Clock::now() + kInsistFor;
  for (;;) {
    auto asked = ask();
    const Expected<bool> answer = co_await std::move(asked);
    if (answer) co_return *answer;
    if (giving_up_ || Clock::now() >= until) co_return std::nullopt;
    co_await Pause(kPauseWhenAway);
  }
}

asio::awaitable<void> Worker::Finish(Hand& hand, std::string result, bool settled) {
  const Entry& entry = hand.entry;
  if (entry.stored && !settled) {
    auto telling = Insist([&] { return ledger_->Finish(entry.id, result); });
    const std::optional<bool> told = co_await std::move(telling);
    if (!told) co_return;  // the entry is still pending: it is run once more
    // Another worker's by now: it has its own entry, or took this one.
    if (!*told) co_return;
  }
  const RecordUpdate record{entry.stored ? "" : "done", "result", result};
  auto telling = Insist([&] { return queue_.Finish(entry, record); });
  (void)co_await std::move(telling);
  Count(hand, Ending::kDone);
}

asio::awaitable<void> Worker::RetryLater(Hand& hand, const RetryPolicy& given, std::string error) {
  Entry& entry = hand.entry;
  RetryPolicy policy = given;
  if (options_.retry_first.count() > 0) policy.first = options_.retry_first;
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const milliseconds delay = RetryDelay(policy, hand.job.attempt, random);
  sb::log::Warning("job failed, it is tried again", {{"job", entry.id},
                                                     {"kind", entry.kind},
                                                     {"attempt", hand.job.attempt},
                                                     {"in_ms", delay.count()},
                                                     {"error", error}});
  if (entry.stored) {
    auto telling = Insist([&] { return ledger_->Retry(entry.id, error, delay); });
    const std::optional<bool> told = co_await std::move(telling);
    if (!told || !*told) co_return;
    entry.payload.clear();
  } else {
    entry.attempt = hand.job.attempt;
  }
  auto telling = Insist([&] { return queue_.Delay(entry, delay); });
  (void)co_await std::move(telling);
  Count(hand, Ending::kRetried);
}

asio::awaitable<void> Worker::Bury(Hand& hand, std::string error) {
  Entry& entry = hand.entry;
  if (entry.stored) {
    auto telling = Insist([&] { return ledger_->Bury(entry.id, error); });
    const std::optional<bool> told = co_await std::move(telling);
    if (!told || !*told) co_return;
    entry.payload.clear();
  }
  entry.attempt = hand.job.attempt;
  auto telling = Insist([&] { return queue_.Bury(entry, error); });
  (void)co_await std::move(telling);
  sb::log::Error(
      "job given up",
      {{"job", entry.id}, {"kind", entry.kind}, {"attempt", hand.job.attempt}, {"error", error}});
  Count(hand, Ending::kDead);
}

asio::awaitable<void> Worker::HandBack(Hand& hand) {
  Entry& entry = hand.entry;
  if (hand.leased) {
    auto telling = Insist([&] { return ledger_->HandBack(entry.id); });
    const std::optional<bool> told = co_await std::move(telling);
    if (told && !*told) co_return;  // another worker's by now, and so may be the entry
  }
  if (entry.stored) entry.payload.clear();
  auto telling = Insist([&] { return queue_.HandBack(entry); });
  (void)co_await std::move(telling);
  Count(hand, Ending::kHandedBack);
}

void Worker::Count(const Hand& hand, Ending ending) {
  metrics_.Ended(hand.entry.kind, ending, Clock::now() - hand.began);
}

}  // namespace todo::jobs
