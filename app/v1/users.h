// /v1/users: registration, and the user's own account. Anybody else's is 404, as if it did not
// exist.
#pragma once

#include <functional>
#include <vector>

#include "app/http/router.h"
#include "app/store/database.h"

namespace todo::v1 {

// Loop thread only. `database` may be null (not configured): then 503.
class Users {
 public:
  // A password to what is stored of it; kUnavailable: too much to do already.
  using HashPassword =
      std::function<boost::asio::awaitable<sb::Expected<std::string>>(std::string password)>;
  // For caches: what was known of that user no longer holds. Before a transaction and after it,
  // awaited before the answer.
  using Changed = std::function<boost::asio::awaitable<void>(std::int64_t user_id)>;
  struct Options {
    HashPassword hash_password;  // none: there is no registration
    Changed will_change;
    Changed changed;
    std::vector<http::Guard> guards;               // one of them sets Call::principal
    std::vector<http::Guard> registration_guards;  // such as a limit per address
  };

  Users(store::Database* database, Options options)
      : database_(database), options_(std::move(options)) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Register(const http::Call& call);
  sb::http::Task Get(std::int64_t id, const http::Call& call, std::string_view if_none_match);
  sb::http::Task Update(const http::Call& call);
  sb::http::Task Delete(const http::Call& call);

  store::Database* const database_;
  const Options options_;
};

}  // namespace todo::v1
