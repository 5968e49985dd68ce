// todo_database_* and todo_redis_*: what the connections of all threads report.
#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <vector>

#include "app/cache/near_cache.h"
#include "app/cache/redis.h"
#include "app/store/postgres.h"
#include "app/store/replica.h"
#include "app/store/transactions.h"
#include "app/users/user_cache.h"

namespace todo {

// Add everything before the first scrape; what is added must outlive this.
class PoolMetrics : public prometheus::Collectable {
 public:
  void Add(const std::string& role, const store::PostgresStats& stats) {
    databases_.push_back({role, &stats});
  }
  void Add(const std::string& purpose, const cache::RedisStats& stats) {
    redises_.push_back({purpose, &stats});
  }
  void Add(const store::Transactions& transactions) {
    for (const store::PostgresStats* stats : transactions.connections()) Add("transaction", *stats);
    transactions_.push_back(&transactions.stats());
  }
  void Add(const store::Replica& replica) {
    Add("replica", replica.connection().stats());
    replicas_.push_back(&replica.stats());
  }
  void Add(const users::UserCacheStats& stats) { caches_.push_back(&stats); }
  void Add(const cache::NearCacheStats& stats) { nears_.push_back(&stats); }
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::vector<std::pair<std::string, const store::PostgresStats*>> databases_;
  std::vector<std::pair<std::string, const cache::RedisStats*>> redises_;
  std::vector<const store::TransactionStats*> transactions_;
  std::vector<const store::ReplicaStats*> replicas_;
  std::vector<const users::UserCacheStats*> caches_;
  std::vector<const cache::NearCacheStats*> nears_;
};

}  // namespace todo
