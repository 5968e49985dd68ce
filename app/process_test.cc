#include <gtest/gtest.h>

#include "app/cores.h"
#include "app/lifecycle.h"
#include "app/settings.h"

namespace todo {
namespace {

TEST(Concurrency, NeverNeedsMoreThanThePool) {
  const struct {
    int threads, pool, cores;
    int want_threads;
    bool own_writes;
    int transactions;
  } kCases[] = {
      {0, 20, 2, 2, true, 4}, {0, 20, 64, 6, true, 1}, {0, 1, 8, 1, false, 0},
      {0, 2, 2, 1, false, 1}, {0, 3, 2, 1, true, 1},   {0, 5, 2, 1, true, 3},
      {0, 6, 2, 2, true, 1},  {4, 20, 1, 4, true, 3},  {0, 0, 0, 1, false, 0},
  };
  for (const auto& test : kCases) {
    Settings settings;
    settings.threads = test.threads;
    settings.pool_size = test.pool;
    const Concurrency got = ConcurrencyOf(settings, test.cores);
    EXPECT_EQ(got.threads, test.want_threads);
    EXPECT_EQ(got.connections.own_writes, test.own_writes);
    EXPECT_EQ(got.connections.transactions, test.transactions);
    EXPECT_LE(got.threads * got.connections.total(), std::max(1, test.pool)) << test.pool;
  }
}

TEST(CoresOfCpuMax, RoundsUp) {
  EXPECT_EQ(CoresOfCpuMax("max 100000"), 0);
  EXPECT_EQ(CoresOfCpuMax("100000 100000"), 1);
  EXPECT_EQ(CoresOfCpuMax("25000 100000"), 1);
  EXPECT_EQ(CoresOfCpuMax("150000 100000"), 2);
  EXPECT_EQ(CoresOfCpuMax(""), 0);
  EXPECT_EQ(CoresOfCpuMax("5"), 0);
  EXPECT_GE(AvailableCores(), 1);
}

int Probe(const Lifecycle& lifecycle, std::string_view path) {
  sb::http::Request request{.method = "GET", .path = path, .query = {}, .body = {}};
  const auto answer = lifecycle.AnswerProbe(request);
  return answer ? answer->status : 0;
}

TEST(Lifecycle, ReadyOnceEverythingWasReachedUntilItDrains) {
  Lifecycle lifecycle(2, "the database");
  EXPECT_EQ(Probe(lifecycle, "/livez"), 200);
  lifecycle.Reached();
  EXPECT_EQ(Probe(lifecycle, "/readyz"), 503);
  lifecycle.Reached();
  EXPECT_EQ(Probe(lifecycle, "/readyz"), 200);
  lifecycle.StartDraining();
  EXPECT_EQ(Probe(lifecycle, "/readyz"), 503);
  EXPECT_EQ(Probe(lifecycle, "/livez"), 200);
  EXPECT_EQ(Probe(lifecycle, "/other"), 0);
}

}  // namespace
}  // namespace todo
