// What a request costs while Redis is away and each process limits by itself.
#include <benchmark/benchmark.h>

#include "app/limits/client_address.h"
#include "app/limits/local_limiter.h"

namespace todo::limits {
namespace {

void BM_Take(benchmark::State& state) {
  LocalLimiter limiter;
  const std::vector<Charge> charges = {
      {"limit:token:203.0.113.7", {1'000'000, std::chrono::seconds(1)}}};
  std::int64_t now = 0;
  for (auto _ : state) benchmark::DoNotOptimize(limiter.Take(charges, ++now));
}
BENCHMARK(BM_Take);

void BM_ClientOf(benchmark::State& state) {
  const Proxies proxies = *Proxies::Parse("10.0.0.0/8,fd00::/8", "X-Forwarded-For");
  const std::vector<sb::http::HeaderField> fields = {
      {"Host", "x"}, {"X-Forwarded-For", "1.1.1.1, 203.0.113.7, 10.0.0.2"}};
  const sb::http::Request request{.method = "GET",
                                  .path = "/",
                                  .query = "",
                                  .body = "",
                                  .remote_address = "10.0.0.1",
                                  .fields = fields};
  for (auto _ : state) benchmark::DoNotOptimize(proxies.ClientOf(request)->Prefix());
}
BENCHMARK(BM_ClientOf);

}  // namespace
}  // namespace todo::limits
