// The database connections of one thread: reads in one pipeline, writes in another, so that a write
// that waits for a lock holds up no read. With a pool of one, both share it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "app/store/postgres.h"
#include "app/store/statements.h"

namespace todo::store {

// Loop thread only.
class Database {
 public:
  Database(boost::asio::io_context& loop, const PostgresOptions& options, int connections)
      : reads_(std::make_unique<Postgres>(loop, options, Statements())) {
    if (connections > 1) writes_ = std::make_unique<Postgres>(loop, options, Statements());
  }

  void Start() {
    reads_->Start();
    if (writes_) writes_->Start();
  }
  void Stop() {
    reads_->Stop();
    if (writes_) writes_->Stop();
  }

  boost::asio::awaitable<sb::Expected<Rows>> Query(StatementId statement, Parameters parameters) {
    const bool writes = writes_ && Statements()[statement].writes;
    return (writes ? writes_ : reads_)->Query(statement, std::move(parameters));
  }

  const Postgres& reads() const { return *reads_; }
  const Postgres* writes() const { return writes_.get(); }

 private:
  std::unique_ptr<Postgres> reads_;
  std::unique_ptr<Postgres> writes_;
};

}  // namespace todo::store
