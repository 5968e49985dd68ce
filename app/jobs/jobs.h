// The routes of background work: POST /jobs/?kind=sum_squares&n= answers 202 {"id": …} once the job
// is in the queue, GET /jobs/{id} tells what became of it.
#pragma once

#include <string>
#include <vector>

#include "app/cache/redis.h"
#include "app/http/router.h"

namespace todo::jobs {

// Loop thread only. `queue` may be null (not configured): then 503.
class Jobs {
 public:
  // `queue_name`: the queue that jobs go to, "default".
  Jobs(cache::Redis* queue, std::string queue_name)
      : queue_(queue), queue_name_(std::move(queue_name)) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Enqueue(const http::Call& call);
  sb::http::Task Get(const http::Call& call);

  cache::Redis* const queue_;
  const std::string queue_name_;
};

}  // namespace todo::jobs
