// The routes of tasks: POST /tasks/, GET /tasks/{owner_id} and GET /tasks/.
#pragma once

#include <vector>

#include "app/http/router.h"
#include "app/store/database.h"

namespace todo::tasks {

// Loop thread only. `database` may be null (not configured): then 503.
class Tasks {
 public:
  // `list_guards`: of GET /tasks/, which shows everybody's.
  explicit Tasks(store::Database* database, std::vector<http::Guard> list_guards = {})
      : database_(database), list_guards_(std::move(list_guards)) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Create(const http::Call& call);
  sb::http::Task ListOfOwner(const http::Call& call);
  sb::http::Task ListAll(const http::Call& call);

  store::Database* const database_;
  const std::vector<http::Guard> list_guards_;
};

}  // namespace todo::tasks
