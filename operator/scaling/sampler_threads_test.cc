// The sampler with its threads and with many callers at once, on the machine's clock.
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "operator/scaling/sampler.h"

namespace sb::scaling {
namespace {

using namespace std::chrono_literals;

const BackendKey kTodo{"default", "todo"};
const BackendKey kShop{"default", "shop"};
const MetricId kRate{kTodo, "api", "rate"};
// Of a sample: a caller whose thread starts late takes what the others have got, and asks no more.
constexpr Duration kMaxAge = 60s;

// A Prometheus whose answers wait until the test opens the gate.
class GatedPrometheus {
 public:
  Expected<promql::InstantVector> Query(const std::string& url) {
    std::unique_lock lock(mutex_);
    ++asked_[url];
    changed_.notify_all();
    if (url == "http://hangs") changed_.wait(lock, [&] { return open_; });
    return promql::InstantVector{{.labels = {}, .value = 1, .at = SystemClock().WallNow()}};
  }
  void AwaitAsked(const std::string& url, int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_[url] >= times; });
  }
  int asked(const std::string& url) {
    const std::lock_guard lock(mutex_);
    return asked_[url];
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  bool open_ = false;
};

std::vector<WantedMetric> Several(const BackendKey& backend, const std::string& url, int count) {
  std::vector<WantedMetric> wanted;
  for (int i = 0; i < count; ++i) {
    wanted.push_back({{backend, "api", "m" + std::to_string(i)}, url, "q" + std::to_string(i)});
  }
  return wanted;
}

// One backend's hanging Prometheus must not blind the others.
TEST(SamplerThreadsTest, AHangingServerDoesNotHoldUpOthers) {
  GatedPrometheus prometheus;
  Sampler sampler([&](const Source& source, Duration) { return prometheus.Query(source.url); },
                  SystemClock());
  sampler.SetWanted(kTodo, Several(kTodo, "http://hangs", 10));
  prometheus.AwaitAsked("http://hangs", 2);
  sampler.SetWanted(kShop, Several(kShop, "http://works", 10));
  prometheus.AwaitAsked("http://works", 10);
  EXPECT_EQ(prometheus.asked("http://hangs"), 2);
  prometheus.Open();
  prometheus.AwaitAsked("http://hangs", 10);
}

TEST(SamplerThreadsTest, ConcurrentCallersShareOneQuery) {
  GatedPrometheus prometheus;
  SamplerOptions options;
  options.threads = 0;
  Sampler sampler([&](const Source& source, Duration) { return prometheus.Query(source.url); },
                  SystemClock(), options);
  sampler.SetWanted(kTodo, {{kRate, "http://hangs", "q"}});
  std::vector<std::future<std::optional<Sample>>> callers;
  for (int i = 0; i < 4; ++i) {
    callers.push_back(std::async(std::launch::async, [&] {
      return sampler.Current(kRate, kMaxAge, SystemClock().Now() + 60s);
    }));
  }
  prometheus.AwaitAsked("http://hangs", 1);
  prometheus.Open();
  for (auto& caller : callers) EXPECT_EQ(caller.get()->evidence, Evidence::kFresh);
  EXPECT_EQ(prometheus.asked("http://hangs"), 1);
}

// Callers of a thousand queries must not open a thousand connections.
TEST(SamplerThreadsTest, CallersOfOneServerAreFew) {
  GatedPrometheus prometheus;
  SamplerOptions options;
  options.threads = 0;
  Sampler sampler([&](const Source& source, Duration) { return prometheus.Query(source.url); },
                  SystemClock(), options);
  sampler.SetWanted(kTodo, Several(kTodo, "http://hangs", 30));
  const auto ask = [&](int metric, Duration patience) {
    return sampler.Current({kTodo, "api", "m" + std::to_string(metric)}, kMaxAge,
                           SystemClock().Now() + patience);
  };
  std::vector<std::future<std::optional<Sample>>> callers;
  for (int i = 0; i < 8; ++i) {
    callers.push_back(std::async(std::launch::async, [&, i] { return ask(i, 60s); }));
  }
  prometheus.AwaitAsked("http://hangs", 8);
  // With a connection of its own the next one would hang with them.
  EXPECT_EQ(ask(8, 800ms)->code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(prometheus.asked("http://hangs"), 8);
  for (int i = 9; i < 30; ++i) {
    callers.push_back(std::async(std::launch::async, [&, i] { return ask(i, 60s); }));
  }
  prometheus.Open();
  for (auto& caller : callers) EXPECT_EQ(caller.get()->evidence, Evidence::kFresh);
  EXPECT_EQ(prometheus.asked("http://hangs"), 29);
}

TEST(SamplerThreadsTest, AWaitingCallerGivesUpAtItsDeadline) {
  GatedPrometheus prometheus;
  Sampler sampler([&](const Source& source, Duration) { return prometheus.Query(source.url); },
                  SystemClock());
  sampler.SetWanted(kTodo, {{kRate, "http://hangs", "q"}});
  prometheus.AwaitAsked("http://hangs", 1);
  const auto sample = sampler.Current(kRate, kMaxAge, SystemClock().Now() + 10ms);
  EXPECT_EQ(sample->code, ErrorCode::kDeadlineExceeded);
  prometheus.Open();
}

}  // namespace
}  // namespace sb::scaling
