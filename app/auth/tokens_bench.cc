// What a bearer token costs a request: Verify is on the hot path of all of /v1, Issue on that of
// logins.
#include <benchmark/benchmark.h>

#include "app/auth/tokens.h"

namespace todo::auth {
namespace {

void BM_Verify(benchmark::State& state) {
  KeyRing ring("");
  Tokens tokens(ring, {});
  const std::string token = tokens.Issue(1'234'567, "somebody@example.com");
  for (auto _ : state) benchmark::DoNotOptimize(tokens.Verify(token));
}
BENCHMARK(BM_Verify);

void BM_RefuseForged(benchmark::State& state) {
  KeyRing ring(""), other("");
  Tokens tokens(ring, {}), theirs(other, {});
  const std::string token = theirs.Issue(1'234'567, "somebody@example.com");
  for (auto _ : state) benchmark::DoNotOptimize(tokens.Verify(token));
}
BENCHMARK(BM_RefuseForged);

void BM_Issue(benchmark::State& state) {
  KeyRing ring("");
  Tokens tokens(ring, {});
  for (auto _ : state) benchmark::DoNotOptimize(tokens.Issue(1'234'567, "somebody@example.com"));
}
BENCHMARK(BM_Issue);

}  // namespace
}  // namespace todo::auth
