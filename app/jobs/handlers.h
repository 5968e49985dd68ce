// The handler of each kind, with what it needs.
#pragma once

#include <string>

#include "app/jobs/handler.h"
#include "app/jobs/pool.h"
#include "app/store/postgres.h"
#include "app/webhooks/post.h"

namespace todo::jobs {

struct HandlerTools {
  Pool& pool;
  store::Postgres* postgres;  // prepares Statements(); null: kinds that need it are left out
  webhooks::Poster& poster;
  std::string worker;  // the name under which it holds jobs
};

// What `tools` refers to must outlive them.
Handlers MakeHandlers(const HandlerTools& tools);

}  // namespace todo::jobs
