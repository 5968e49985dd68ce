// Users by their ids: what many requests look up at once is one query.
//
//   Expected<std::optional<Row>> user = co_await reads.Get(7, kAnywhere);    // id, username; none:
//                                                                            // no such user
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "app/async/batcher.h"
#include "app/store/lsn.h"
#include "app/store/postgres.h"

namespace todo::store {

class UserReads {
 public:
  // Asks kUsersByIds where `at_least` has been replayed.
  using Ask = std::function<boost::asio::awaitable<sb::Expected<Rows>>(Parameters parameters,
                                                                       Lsn at_least)>;
  UserReads(boost::asio::io_context& loop, Ask ask);

  boost::asio::awaitable<sb::Expected<std::optional<Row>>> Get(std::int64_t id, Lsn at_least) {
    return batcher_.Ask({id, at_least});
  }

 private:
  struct Wanted {
    std::int64_t id;
    Lsn at_least;
  };
  using Users = async::Batcher<Wanted, std::optional<Row>>;
  boost::asio::awaitable<void> Question(Users::Batch batch);

  const Ask ask_;
  Users batcher_;
};

}  // namespace todo::store
