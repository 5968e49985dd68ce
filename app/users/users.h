// The routes of users: GET /users/{user_id} (cache-aside) and POST /users/.
#pragma once

#include <vector>

#include "app/http/router.h"
#include "app/store/database.h"
#include "app/users/user_cache.h"

namespace todo::users {

// Loop thread only. `database` and `cache` may be null (not configured): then 503, and no cache.
class Users {
 public:
  Users(store::Database* database, UserCache* cache) : database_(database), cache_(cache) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Get(const http::Call& call);
  sb::http::Task Create(const http::Call& call);

  store::Database* const database_;
  UserCache* const cache_;
};

}  // namespace todo::users
