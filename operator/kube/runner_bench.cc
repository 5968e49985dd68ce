// No-op reconciles per second with one worker: everything but the reconcile function itself.
#include <benchmark/benchmark.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

#include "operator/kube/metrics.h"
#include "operator/kube/runner.h"

namespace sb::kube {
namespace {

void BM_NoOpPasses(benchmark::State& state) {
  prometheus::Registry registry;
  Metrics metrics(registry);
  Metrics* const counted = state.range(0) ? &metrics : nullptr;
  WorkQueue queue("bench", {.metrics = counted});
  Runner runner(queue, [](const ObjectKey&, std::stop_token) { return Result{}; },
                {.metrics = counted});
  std::vector<ObjectKey> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back({"team", "a-backend-named-" + std::to_string(i)});
  for (auto _ : state) {
    for (const ObjectKey& key : keys) queue.Add(key);
    while (auto key = queue.TryGet()) runner.Pass(*key);
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_NoOpPasses)->ArgName("metrics")->Arg(0)->Arg(1);

}  // namespace
}  // namespace sb::kube
