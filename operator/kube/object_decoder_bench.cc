// What an object costs: from the bytes of an 8 kB pod to what the cache holds, beside a DOM.
//
//   ninja -C build/release object_decoder_bench && build/release/operator/kube/object_decoder_bench
//
// Counters: bytes an object takes in memory, and as a multiple of its JSON text.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <vector>

#include "operator/kube/object_decoder.h"
#include "operator/kube/testing/sample_pod.h"

namespace sb::kube {
namespace {

constexpr int kPods = 1'000;

const std::vector<std::string>& Pods1000() {
  static const std::vector<std::string> pods = [] {
    std::vector<std::string> made;
    for (int i = 0; i < kPods; ++i) made.push_back(SamplePod(i));
    return made;
  }();
  return pods;
}

// Decodes all pods again and again; `decode` keeps what it makes in `Held`.
template <typename Held, typename Decode>
void Run(benchmark::State& state, Decode decode) {
  std::size_t text = 0;
  for (const std::string& pod : Pods1000()) text += pod.size();
  std::size_t held_bytes = 0;
  for (auto _ : state) {
    std::vector<Held> held;
    held.reserve(kPods);
    const std::size_t before = mallinfo2().uordblks;
    for (const std::string& pod : Pods1000()) held.push_back(decode(pod));
    held_bytes = mallinfo2().uordblks - before;
    benchmark::DoNotOptimize(held.data());
  }
  state.SetItemsProcessed(state.iterations() * kPods);
  state.counters["bytes"] = static_cast<double>(held_bytes) / kPods;
  state.counters["x_text"] = static_cast<double>(held_bytes) / static_cast<double>(text);
}

void Whole(benchmark::State& state) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  Run<ObjectPtr>(state, [&](const std::string& pod) {
    (void)decoder.ParseObject(pod);
    return decoder.Build();
  });
}
BENCHMARK(Whole);

void StatusOnly(benchmark::State& state) {
  ObjectDecoder decoder(Pods(),
                        Projection::Nothing().Keep("/status/phase").Keep("/metadata/labels"));
  Run<ObjectPtr>(state, [&](const std::string& pod) {
    (void)decoder.ParseObject(pod);
    return decoder.Build();
  });
}
BENCHMARK(StatusOnly);

// A list of what is held already: nothing is built.
void Unchanged(benchmark::State& state) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  Run<char>(state,
            [&](const std::string& pod) -> char { return decoder.ParseObject(pod).has_value(); });
}
BENCHMARK(Unchanged);

void Dom(benchmark::State& state) {
  Run<Json>(state, [](const std::string& pod) {
    Json object = Json::parse(pod);
    object["metadata"].erase("managedFields");
    return object;
  });
}
BENCHMARK(Dom);

void ReadAField(benchmark::State& state) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  (void)decoder.ParseObject(Pods1000().front());
  const ObjectPtr pod = decoder.Build();
  for (auto _ : state) benchmark::DoNotOptimize(pod->At({"status", "phase"}).String().size());
}
BENCHMARK(ReadAField);

void ToDom(benchmark::State& state) {
  ObjectDecoder decoder(Pods(), WithoutNoise());
  (void)decoder.ParseObject(Pods1000().front());
  const ObjectPtr pod = decoder.Build();
  for (auto _ : state) benchmark::DoNotOptimize(pod->ToJson().size());
}
BENCHMARK(ToDom);

}  // namespace
}  // namespace sb::kube
