// /v1/jobs/{id}: what became of work that was accepted with 202; /v1/exports: all of one's tasks as
// a file. Somebody else's are 404.
#pragma once

#include <string>
#include <vector>

#include "app/http/router.h"
#include "app/jobs/outbox.h"
#include "app/store/database.h"

namespace todo::v1 {

// Loop thread only. `database` may be null (not configured): then 503.
class Jobs {
 public:
  // `guards`: of every route; one of them sets Call::principal.
  Jobs(store::Database* database, jobs::Outbox& outbox, std::vector<http::Guard> guards)
      : database_(database), outbox_(outbox), guards_(std::move(guards)) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Get(const http::Call& call);
  sb::http::Task Export(const http::Call& call);
  sb::http::Task Download(const http::Call& call);
  sb::http::Task ReadParts(const http::Call& call);

  store::Database* const database_;
  jobs::Outbox& outbox_;
  const std::vector<http::Guard> guards_;
  int downloads_ = 0;  // in memory right now
};

}  // namespace todo::v1
