// The tutorial's routes of background work: POST /jobs/?kind=sum_squares&n= answers 202 {"id": …}
// once the job is accepted (see Outbox), GET /jobs/{id} tells what became of it.
#pragma once

#include <string>
#include <vector>

#include "app/cache/redis.h"
#include "app/http/router.h"
#include "app/jobs/outbox.h"
#include "app/store/database.h"

namespace todo::jobs {

// Loop thread only. `database` and `redis` may be null (not configured): both null gives 503.
class Jobs {
 public:
  Jobs(store::Database* database, cache::Redis* redis, Outbox& outbox)
      : database_(database), redis_(redis), outbox_(outbox) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Enqueue(const http::Call& call);
  sb::http::Task Get(const http::Call& call);
  sb::http::Task GetFromRedis(const http::Call& call);

  store::Database* const database_;
  cache::Redis* const redis_;
  Outbox& outbox_;
};

}  // namespace todo::jobs
