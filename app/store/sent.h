// What a pipeline has sent and not yet got an answer to.
#pragma once

#include <chrono>
#include <optional>

#include "app/async/waiter.h"
#include "app/store/parameters.h"
#include "app/store/rows.h"
#include "common/error.h"

struct pg_conn;

namespace todo::store {

struct Statement;

using RowsWaiter = async::Waiter<sb::Expected<Rows>>;

struct Sent {
  enum class Kind { kSync, kSetup, kPrepare, kQuery };
  Kind kind = Kind::kSync;
  const Statement* statement = nullptr;
  Parameters parameters;
  std::optional<RowsWaiter> waiter;  // gone: timed out, but its answer is still to come
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  bool resent = false;
  pg_result* result = nullptr;
};

// Gives a prepared statement to libpq, which copies it. False: the connection is broken.
bool SendPrepared(pg_conn* connection, const char* name, const Parameters& parameters);

}  // namespace todo::store
