// What the queue costs a no-op reconcile: Add, Get, Forget, Done. `items_per_second` is reconciles
// per second; controller-runtime manages a few hundred with one worker, because of its API calls,
// not of its queue.
#include <benchmark/benchmark.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "operator/kube/metrics.h"
#include "operator/kube/work_queue.h"

namespace sb::kube {
namespace {

std::vector<ObjectKey> Keys(int count) {
  std::vector<ObjectKey> keys;
  for (int i = 0; i < count; ++i) {
    keys.push_back({"team-" + std::to_string(i % 20), "a-backend-named-" + std::to_string(i)});
  }
  return keys;
}

void Finish(WorkQueue& queue, const ObjectKey& key) {
  queue.Forget(key);
  queue.Done(key);
}

// One key at a time: what one worker does while events trickle in.
void BM_OneAtATime(benchmark::State& state) {
  WorkQueue queue("bench");
  const auto keys = Keys(1000);
  std::size_t next = 0;
  for (auto _ : state) {
    queue.Add(keys[next++ % keys.size()]);
    Finish(queue, *queue.Get());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_OneAtATime);

// A backlog of 1,000 keys, as after a relist.
void BM_Backlog(benchmark::State& state) {
  prometheus::Registry registry;
  Metrics metrics(registry);
  WorkQueue queue("bench", {.metrics = state.range(0) ? &metrics : nullptr});
  const auto keys = Keys(1000);
  for (auto _ : state) {
    for (const ObjectKey& key : keys) queue.Add(key);
    while (auto key = queue.TryGet()) Finish(queue, *key);
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_Backlog)->ArgName("metrics")->Arg(0)->Arg(1);

// Events for keys that are in the queue already: most of a busy hour.
void BM_Collapse(benchmark::State& state) {
  WorkQueue queue("bench");
  const auto keys = Keys(1000);
  std::size_t next = 0;
  for (auto _ : state) queue.Add(keys[next++ % keys.size()]);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Collapse);

// Every key has a periodic requeue on its way, as those with a schedule have.
void BM_WithDelayedKeys(benchmark::State& state) {
  WorkQueue queue("bench");
  const auto keys = Keys(1000);
  std::size_t next = 0;
  for (auto _ : state) {
    const ObjectKey& key = keys[next++ % keys.size()];
    queue.Add(key);
    queue.AddAfter(key, std::chrono::hours(1));
    Finish(queue, *queue.Get());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_WithDelayedKeys);

// One producer, one worker on a thread of its own.
void BM_TwoThreads(benchmark::State& state) {
  WorkQueue queue("bench");
  const auto keys = Keys(1000);
  std::jthread worker([&](std::stop_token stop) {
    while (auto key = queue.Get(stop)) Finish(queue, *key);
  });
  std::size_t next = 0;
  for (auto _ : state) queue.Add(keys[next++ % keys.size()]);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_TwoThreads)->UseRealTime();

}  // namespace
}  // namespace sb::kube
