// /v1/tasks: the tasks of whoever asks, as full resources. Somebody else's task is 404, like one
// that does not exist.
#pragma once

#include <string>
#include <vector>

#include "app/http/router.h"
#include "app/jobs/outbox.h"
#include "app/store/database.h"

namespace todo::v1 {

// Loop thread only. `database` may be null (not configured): then 503.
class Tasks {
 public:
  // `guards`: of every route; one of them sets Call::principal.
  // `outbox`: where bulk creates go that need not be waited for; null: all are.
  Tasks(store::Database* database, jobs::Outbox* outbox, std::vector<http::Guard> guards)
      : database_(database), outbox_(outbox), guards_(std::move(guards)) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task List(const http::Call& call);
  sb::http::Task Create(const http::Call& call);
  sb::http::Task CreateMany(const http::Call& call);
  sb::http::Task Get(const http::Call& call);
  sb::http::Task Update(const http::Call& call);
  sb::http::Task Delete(const http::Call& call);
  // Those of `records`, shaped as kNewTask.
  sb::http::Task Insert(const http::Call& call, std::span<const http::Record> records, bool single);

  // The same by a job: answered at once, done soon.
  sb::http::Task Enqueue(const http::Call& call);

  store::Database* const database_;
  jobs::Outbox* const outbox_;
  const std::vector<http::Guard> guards_;
};

}  // namespace todo::v1
