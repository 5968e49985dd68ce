#include "app/settings.h"

#include <algorithm>

namespace todo {
namespace {

// Of reads, writes and transactions one each.
constexpr int kFewestConnections = 3;
// What they wait for is mostly the disk: more of them on one core only wait longer.
constexpr int kMostTransactions = 4;

}  // namespace

store::PostgresOptions PostgresOptionsOf(const Settings& settings) {
  store::PostgresOptions options;
  options.url = settings.database_url;
  options.query_timeout = std::chrono::milliseconds(
      static_cast<std::int64_t>(settings.statement_timeout_seconds * 1000));
  return options;
}

Concurrency ConcurrencyOf(const Settings& settings, int cores) {
  const int pool = std::max(1, settings.pool_size);
  const int wanted = settings.threads > 0 ? settings.threads : cores;
  const int threads = std::clamp(wanted, 1, std::max(1, pool / kFewestConnections));
  const int share = pool / threads;
  const bool own_writes = share >= kFewestConnections;
  return {threads,
          {.own_writes = own_writes,
           .transactions = std::min(share - (own_writes ? 2 : 1), kMostTransactions)}};
}

}  // namespace todo
