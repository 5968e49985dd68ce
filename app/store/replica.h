// A standby server for reads, and how far it has come: asked for its replay position ten times a
// second, so that a read that must see a write is sent there only when the write is there.
//
//   Replica replica(loop, options, primary);
//   if (replica.Has(at_least)) replica.connection().Query(…);     // else ask the primary
//
// It has nothing while it is away, silent for `most_silence`, or further behind the primary than
// `most_lag_bytes`; of a primary that is away itself the last known position counts, so that reads
// survive it. Loop thread only, stats() from any.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "app/store/lsn.h"
#include "app/store/postgres.h"

namespace todo::store {

struct ReplicaLimits {
  std::chrono::milliseconds every{100};
  std::chrono::milliseconds most_silence{1'000};
  std::uint64_t most_lag_bytes = std::uint64_t{16} << 20;
};

struct ReplicaStats {
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> behind{0};  // reads that went to the primary: it was not there yet
  std::atomic<std::uint64_t> unavailable{
      0};  // reads that went to the primary: away, or too far behind
  std::atomic<std::uint64_t> lag_bytes{0};
  std::atomic<std::uint64_t> usable{0};
};

class Replica {
 public:
  // `primary` outlives this.
  Replica(boost::asio::io_context& loop, PostgresOptions options, Postgres& primary,
          ReplicaLimits limits = {});
  ~Replica();

  void Start();
  void Stop();

  // Counts what it answers.
  bool Has(Lsn at_least);
  Postgres& connection();
  const Postgres& connection() const;
  const ReplicaStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace todo::store
