#include "app/pool_metrics.h"

#include <map>

#include "common/metrics/family.h"

namespace todo {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using sb::metrics::AddSample;
using sb::metrics::Family;

// One family: the sum over the connections of each name.
template <typename Stats, typename Member>
MetricFamily Sum(const std::vector<std::pair<std::string, const Stats*>>& connections,
                 const char* label, Member member, const char* name, const char* help,
                 MetricType type) {
  std::map<std::string, double> sums;
  for (const auto& [key, stats] : connections) {
    sums[key] += static_cast<double>((stats->*member).load(std::memory_order_relaxed));
  }
  MetricFamily family = Family(name, help, type);
  for (const auto& [key, value] : sums) AddSample(family, value, {{label, key}});
  return family;
}

}  // namespace

std::vector<MetricFamily> PoolMetrics::Collect() const {
  using Postgres = store::PostgresStats;
  using Redis = cache::RedisStats;
  constexpr MetricType kGauge = MetricType::Gauge;
  constexpr MetricType kCounter = MetricType::Counter;
  std::vector<MetricFamily> families;
  const auto database = [&](auto member, const char* name, const char* help, MetricType type) {
    families.push_back(Sum(databases_, "role", member, name, help, type));
  };
  const auto redis = [&](auto member, const char* name, const char* help, MetricType type) {
    families.push_back(Sum(redises_, "purpose", member, name, help, type));
  };
  database(&Postgres::connected, "todo_database_connected", "Usable connections.", kGauge);
  database(&Postgres::queued, "todo_database_in_flight", "Statements without an answer.", kGauge);
  database(&Postgres::queries, "todo_database_queries_total", "Statements sent.", kCounter);
  database(&Postgres::errors, "todo_database_errors_total", "Statements that failed.", kCounter);
  database(&Postgres::rejected, "todo_database_rejected_total", "Refused: queue full.", kCounter);
  database(&Postgres::connects, "todo_database_connects_total", "Connections made.", kCounter);
  database(&Postgres::throttled, "todo_database_throttled_total",
           "Refused: the statement ran out of time too often.", kCounter);
  database(&Postgres::throttled_statements, "todo_database_throttled", "Statements refused now.",
           kGauge);
  database(&Postgres::rescued, "todo_database_rescued_total",
           "Reads taken from behind one that was stuck.", kCounter);
  database(&Postgres::circuit, "todo_database_circuit",
           "Sum over connections: 0 closed, 1 open, 2 half-open.", kGauge);
  redis(&Redis::connected, "todo_redis_connected", "Usable connections.", kGauge);
  redis(&Redis::queued, "todo_redis_in_flight", "Commands without an answer.", kGauge);
  redis(&Redis::commands, "todo_redis_commands_total", "Commands sent.", kCounter);
  redis(&Redis::errors, "todo_redis_errors_total", "Commands that failed.", kCounter);
  redis(&Redis::connects, "todo_redis_connects_total", "Connections made.", kCounter);
  redis(&Redis::late, "todo_redis_late_total", "Connections given up: late.", kCounter);
  redis(&Redis::circuit, "todo_redis_circuit", "Sum over threads: 0 closed, 1 open, 2 half-open.",
        kGauge);
  const auto add = [&](const auto& all, auto member, const char* name, const char* help,
                       MetricType type) {
    if (all.empty()) return;
    double sum = 0;
    for (const auto* stats : all) {
      sum += static_cast<double>((stats->*member).load(std::memory_order_relaxed));
    }
    families.push_back(Family(name, help, type));
    AddSample(families.back(), sum, {});
  };
  using Transaction = store::TransactionStats;
  add(transactions_, &Transaction::leased, "todo_transactions_open", "Leased connections.", kGauge);
  add(transactions_, &Transaction::waiting, "todo_transactions_waiting", "Waiting for one.",
      kGauge);
  add(transactions_, &Transaction::committed, "todo_transactions_committed_total", "Committed.",
      kCounter);
  add(transactions_, &Transaction::rolled_back, "todo_transactions_rolled_back_total",
      "Rolled back or lost.", kCounter);
  add(transactions_, &Transaction::refused, "todo_transactions_refused_total",
      "Refused: queue full or no connection in time.", kCounter);
  using Replica = store::ReplicaStats;
  add(replicas_, &Replica::reads, "todo_replica_reads_total", "Reads sent to it.", kCounter);
  add(replicas_, &Replica::behind, "todo_replica_behind_total",
      "Reads sent to the primary: not replayed yet.", kCounter);
  add(replicas_, &Replica::unavailable, "todo_replica_unavailable_total",
      "Reads sent to the primary: the replica was away or too far behind.", kCounter);
  add(replicas_, &Replica::lag_bytes, "todo_replica_lag_bytes", "Sum over threads.", kGauge);
  add(replicas_, &Replica::usable, "todo_replica_usable", "Threads that may use it.", kGauge);
  using Cache = users::UserCacheStats;
  add(caches_, &Cache::hits, "todo_cache_hits_total", "Found in Redis.", kCounter);
  add(caches_, &Cache::unknown_hits, "todo_cache_unknown_hits_total",
      "Known from Redis not to exist.", kCounter);
  add(caches_, &Cache::misses, "todo_cache_misses_total", "Not found in Redis.", kCounter);
  add(caches_, &Cache::joined, "todo_cache_joined_total", "Misses that shared another's read.",
      kCounter);
  add(caches_, &Cache::skipped, "todo_cache_skipped_total", "Redis was away.", kCounter);
  add(caches_, &Cache::invalidations, "todo_cache_invalidations_total", "Users changed here.",
      kCounter);
  using Near = cache::NearCacheStats;
  add(nears_, &Near::hits, "todo_near_cache_hits_total", "Found in the process.", kCounter);
  add(nears_, &Near::misses, "todo_near_cache_misses_total", "Not found in it.", kCounter);
  add(nears_, &Near::evictions, "todo_near_cache_evictions_total", "Gone to make room.", kCounter);
  add(nears_, &Near::invalidations, "todo_near_cache_invalidations_total",
      "Gone because Redis said so.", kCounter);
  add(nears_, &Near::flushes, "todo_near_cache_flushes_total", "Emptied as a whole.", kCounter);
  add(nears_, &Near::entries, "todo_near_cache_entries", "Held.", kGauge);
  add(nears_, &Near::bytes, "todo_near_cache_bytes", "Held.", kGauge);
  return families;
}

}  // namespace todo
