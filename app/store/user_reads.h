// Users by their ids: what many requests look up at once is one query.
//
//   Expected<std::optional<Row>> user = co_await reads.Get(7);    // id, username; none: no such
//   user
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <optional>

#include "app/async/batcher.h"
#include "app/store/postgres.h"

namespace todo::store {

class UserReads {
 public:
  // `connection` prepares Statements() and outlives this.
  UserReads(boost::asio::io_context& loop, Postgres& connection);

  boost::asio::awaitable<sb::Expected<std::optional<Row>>> Get(std::int64_t id) {
    return batcher_.Ask(id);
  }

 private:
  using Users = async::Batcher<std::int64_t, std::optional<Row>>;
  boost::asio::awaitable<void> Question(Users::Batch batch);

  Postgres& connection_;
  Users batcher_;
};

}  // namespace todo::store
