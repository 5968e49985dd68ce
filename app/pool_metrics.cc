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
  redis(&Redis::connected, "todo_redis_connected", "Usable connections.", kGauge);
  redis(&Redis::queued, "todo_redis_in_flight", "Commands without an answer.", kGauge);
  redis(&Redis::commands, "todo_redis_commands_total", "Commands sent.", kCounter);
  redis(&Redis::errors, "todo_redis_errors_total", "Commands that failed.", kCounter);
  redis(&Redis::connects, "todo_redis_connects_total", "Connections made.", kCounter);
  using Transactions = store::TransactionStats;
  const auto transactions = [&](auto member, const char* name, const char* help, MetricType type) {
    double sum = 0;
    for (const Transactions* stats : transactions_) {
      sum += static_cast<double>((stats->*member).load(std::memory_order_relaxed));
    }
    families.push_back(Family(name, help, type));
    AddSample(families.back(), sum, {});
  };
  transactions(&Transactions::leased, "todo_transactions_open", "Leased connections.", kGauge);
  transactions(&Transactions::waiting, "todo_transactions_waiting", "Waiting for one.", kGauge);
  transactions(&Transactions::committed, "todo_transactions_committed_total", "Committed.",
               kCounter);
  transactions(&Transactions::rolled_back, "todo_transactions_rolled_back_total",
               "Rolled back or lost.", kCounter);
  transactions(&Transactions::refused, "todo_transactions_refused_total",
               "Refused: queue full or no connection in time.", kCounter);
  return families;
}

}  // namespace todo
