// A WorkQueue beside a model of it, under random operations.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/fake_clock.h"
#include "operator/kube/work_queue.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

// PQ fuzz: against a model that is too simple to be wrong. No key is lost, none is there twice,
// none is with two workers, and the order is that of class, then of arrival.
class Model {
 public:
  void Add(int key, Priority priority) {
    if (working.contains(key)) {
      auto [again, inserted] = added_again.try_emplace(key, priority);
      if (!inserted && priority < again->second) again->second = priority;
      return;
    }
    for (int c = 0; c < 2; ++c) {
      auto& line = lines[c];
      auto found = std::find(line.begin(), line.end(), key);
      if (found == line.end()) continue;
      if (c <= static_cast<int>(priority)) return;
      line.erase(found);
      break;
    }
    lines[static_cast<int>(priority)].push_back(key);
  }
  void AddAt(int key, TimePoint at) {
    auto [entry, inserted] = delayed.try_emplace(key, at, ++delays);
    if (inserted || entry->second.first <= at) return;
    entry->second = {at, delays};
  }
  void MoveDue(TimePoint now) {
    for (;;) {
      auto first =
          std::min_element(delayed.begin(), delayed.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
      if (first == delayed.end() || first->second.first > now) return;
      const int key = first->first;
      delayed.erase(first);
      Add(key, Priority::kNormal);
    }
  }
  std::optional<int> Take() {
    for (auto& line : lines) {
      if (line.empty()) continue;
      const int key = line.front();
      line.erase(line.begin());
      working.insert(key);
      return key;
    }
    return std::nullopt;
  }
  void Done(int key) {
    working.erase(key);
    auto again = added_again.find(key);
    if (again == added_again.end()) return;
    const Priority priority = again->second;
    added_again.erase(again);
    Add(key, priority);
  }

  std::vector<int> lines[2];
  std::map<int, std::pair<TimePoint, int>> delayed;
  std::map<int, Priority> added_again;
  std::set<int> working;
  int delays = 0;
};

TEST(WorkQueueFuzz, AgreesWithTheModel) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::minstd_rand random(seed);
    FakeClock clock;
    WorkQueue queue("test", {.low_patience = 24h * 365}, clock);
    Model model;
    const auto name = [](int key) { return ObjectKey{"", std::to_string(key)}; };
    for (int step = 0; step < 500; ++step) {
      const int key = static_cast<int>(random() % 12);
      switch (random() % 7) {
        case 0:
        case 1: {
          const Priority priority = random() % 2 ? Priority::kLow : Priority::kNormal;
          model.MoveDue(clock.Now());
          model.Add(key, priority);
          queue.Add(name(key), priority);
          break;
        }
        case 2: {
          const Duration delay = 1ms * (1 + random() % 20);
          model.AddAt(key, clock.Now() + delay);
          queue.AddAfter(name(key), delay);
          break;
        }
        case 3:
          clock.Advance(1ms * (random() % 10));
          break;
        case 4:
        case 5: {
          model.MoveDue(clock.Now());
          const auto expected = model.Take();
          const auto taken = queue.TryGet();
          ASSERT_EQ(taken.has_value(), expected.has_value()) << "seed " << seed << " at " << step;
          if (!taken) break;
          ASSERT_EQ(*taken, name(*expected)) << "seed " << seed << " at " << step;
          break;
        }
        default:
          if (model.working.empty()) break;
          const int done =
              *std::next(model.working.begin(), static_cast<int>(random() % model.working.size()));
          model.Done(done);
          queue.Done(name(done));
      }
      ASSERT_EQ(queue.processing(), model.working.size());
      ASSERT_EQ(queue.size(), model.lines[0].size() + model.lines[1].size());
    }
  }
}

}  // namespace
}  // namespace sb::kube
