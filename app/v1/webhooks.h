// /v1/webhooks: where the events of a user's tasks are sent. What is sent and how it is signed is
// in jobs/deliver_webhook.h. The secret is shown once, when the webhook is created.
#pragma once

#include <vector>

#include "app/http/router.h"
#include "app/store/database.h"

namespace todo::v1 {

// Loop thread only. `database` may be null (not configured): then 503.
class Webhooks {
 public:
  struct Options {
    std::vector<http::Guard> guards;  // of every route; one of them sets Call::principal
    bool allow_private = false;       // addresses that are not public are good
  };
  Webhooks(store::Database* database, Options options)
      : database_(database), options_(std::move(options)) {}

  // Appends the routes; the object must outlive them.
  void AddRoutes(std::vector<http::Route>& routes);

 private:
  sb::http::Task Create(const http::Call& call);
  sb::http::Task List(const http::Call& call);
  sb::http::Task Delete(const http::Call& call);

  store::Database* const database_;
  const Options options_;
};

}  // namespace todo::v1
