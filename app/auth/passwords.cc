#include "app/auth/passwords.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "app/async/waiter.h"
#include "common/log.h"

namespace todo::auth {
namespace {

namespace asio = boost::asio;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;

constexpr int kNiceness = 5;

struct Outcome {
  Verdict verdict = Verdict::kWrong;
  std::string phc;  // of a new hash
};
using Waiter = async::Waiter<Expected<Outcome>>;

// Keeps the loop from ending under a job that is to come back to it.
using Loop = asio::executor_work_guard<asio::any_io_executor>;

struct Job {
  std::optional<std::string> stored;
  std::string password;
  bool check = false;
  Clock::time_point since;
  std::optional<Loop> loop;
  std::optional<Waiter> waiter;
};

void BackToItsLoop(Job job, Expected<Outcome> outcome) {
  OPENSSL_cleanse(job.password.data(), job.password.size());
  const asio::any_io_executor loop = job.loop->get_executor();
  asio::post(loop, [waiter = std::move(*job.waiter), outcome = std::move(outcome)]() mutable {
    waiter.Resume(std::move(outcome));
  });
}

void OpenSslRandom(char* bytes, std::size_t size) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes), static_cast<int>(size)) != 1) {
    std::abort();  // without randomness nothing here is safe
  }
}

}  // namespace

class Passwords::Impl {
 public:
  explicit Impl(PasswordOptions options)
      : options_(std::move(options)), unmatchable_(UnmatchablePhc(options_.cost)) {
    if (!options_.random) options_.random = OpenSslRandom;
  }

  ~Impl() {
    {
      const std::lock_guard held(queue_lock_);
      stopping_ = true;
    }
    not_empty_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  asio::awaitable<Expected<Outcome>> Submit(Job job) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    job.since = Clock::now();
    job.loop.emplace(executor);
    {
      const std::lock_guard held(queue_lock_);
      if (queue_.size() + coming_ >= options_.max_queued) {
        ++stats_.refused;
        co_return Fail(ErrorCode::kTooManyRequests, "passwords: queue is full");
      }
      ++coming_;  // the place is ours, whoever else asks before we are in the queue
    }
    auto answer = Waiter::Wait([this, &job](Waiter waiter) {
      job.waiter.emplace(std::move(waiter));
      Push(std::move(job));
    });
    co_return co_await std::move(answer);
  }

  PasswordStats stats() const {
    const std::lock_guard held(queue_lock_);
    PasswordStats stats = stats_;
    stats.queued = queue_.size();
    return stats;
  }

 private:
  void Push(Job job) {
    {
      const std::lock_guard held(queue_lock_);
      --coming_;
      queue_.push_back(std::move(job));
      if (idle_ == 0 && threads_.size() < static_cast<std::size_t>(options_.threads)) {
        threads_.emplace_back([this] { RunJobs(); });
      }
    }
    not_empty_.notify_one();
  }

  void RunJobs() {
    // Of this thread only: on Linux a thread's niceness is its own.
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
    std::unique_lock held(queue_lock_);
    for (;;) {
      ++idle_;
      not_empty_.wait(held, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (queue_.empty()) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      const Clock::time_point began = Clock::now();
      if (began - job.since > options_.deadline) {
        ++stats_.late;
        held.unlock();
        BackToItsLoop(std::move(job), Fail(ErrorCode::kDeadlineExceeded, "passwords: too late"));
        held.lock();
        continue;
      }
      held.unlock();
      Expected<Outcome> outcome = job.check ? Check(job) : Hash(job);
      const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
      held.lock();
      ++stats_.hashes;  // before the answer: who has it may look at the count
      stats_.busy_seconds += seconds;
      held.unlock();
      BackToItsLoop(std::move(job), std::move(outcome));
      held.lock();
    }
  }

  Expected<Outcome> Check(const Job& job) {
    // Too long a password is wrong, and takes as long to be: its length is nobody's secret, but one
    // path is easier to keep even than two.
    const bool endless = job.password.size() > kMaxPasswordBytes;
    const std::string_view password = endless ? std::string_view() : job.password;
    Expected<bool> right = false;
    bool matchable = job.stored.has_value() && !endless;
    if (matchable) {
      right = VerifyPassword(*job.stored, password);
      if (!right && right.error().code == ErrorCode::kInvalidArgument) {
        sb::log::Error("a user's password cannot be checked", {{"reason", right.error().message}});
        matchable = false;
      }
    }
    if (!matchable) {
      right = VerifyPassword(unmatchable_, password);
      if (right) right = false;
    }
    if (!right) return tl::unexpected<sb::Error>(right.error());
    if (!*right) return Outcome{Verdict::kWrong, {}};
    const Expected<Argon2Cost> cost = CostOf(*job.stored);
    return Outcome{cost && *cost == options_.cost ? Verdict::kRight : Verdict::kStale, {}};
  }

  Expected<Outcome> Hash(const Job& job) {
    std::array<char, kSaltBytes> salt;
    options_.random(salt.data(), salt.size());
    Expected<std::string> phc =
        HashPassword(job.password, options_.cost, {salt.data(), salt.size()});
    if (!phc) return tl::unexpected<sb::Error>(phc.error());
    return Outcome{Verdict::kRight, std::move(*phc)};
  }

  PasswordOptions options_;
  const std::string unmatchable_;

  mutable std::mutex queue_lock_;  // guards everything below
  std::condition_variable not_empty_;
  std::deque<Job> queue_;
  std::size_t coming_ = 0;  // between their place and the queue
  std::vector<std::thread> threads_;
  int idle_ = 0;
  bool stopping_ = false;
  PasswordStats stats_;
};

Passwords::Passwords(PasswordOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Passwords::~Passwords() = default;

asio::awaitable<Expected<std::string>> Passwords::Hash(std::string password) {
  if (password.size() > kMaxPasswordBytes) {
    co_return Fail(ErrorCode::kInvalidArgument, "the password is longer than 1024 bytes");
  }
  Job job;
  job.password = std::move(password);
  auto asked = impl_->Submit(std::move(job));
  Expected<Outcome> outcome = co_await std::move(asked);
  if (!outcome) co_return tl::unexpected<sb::Error>(outcome.error());
  co_return std::move(outcome->phc);
}

asio::awaitable<Expected<Verdict>> Passwords::Check(std::optional<std::string> stored,
                                                    std::string password) {
  Job job;
  job.stored = std::move(stored);
  job.password = std::move(password);
  job.check = true;
  auto asked = impl_->Submit(std::move(job));
  const Expected<Outcome> outcome = co_await std::move(asked);
  if (!outcome) co_return tl::unexpected<sb::Error>(outcome.error());
  co_return outcome->verdict;
}

PasswordStats Passwords::stats() const { return impl_->stats(); }

}  // namespace todo::auth
