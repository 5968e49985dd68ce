// The routes of tasks: POST /tasks/, GET /tasks/{owner_id} and GET /tasks/.
#pragma once

#include <vector>

#include "app/http/router.h"
#include "app/store/database.h"

namespace todo::tasks {

// Loop thread only. `database` may be null (not configured): then 503.
class Tasks {
 public:
  explicit Tasks(store::Database* database) : database_(database) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Create(const http::Call& call);
  sb::http::Task ListOfOwner(const http::Call& call);
  sb::http::Task ListAll(const http::Call& call);

  store::Database* const database_;
};

}  // namespace todo::tasks
