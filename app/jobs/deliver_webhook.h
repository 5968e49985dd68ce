// The job webhook: tells a user's server of an event. The body is {"id", "type", "timestamp",
// "data": the task}; signature and id are in the headers (webhooks/signature.h). Anything but a 2xx
// is tried again, except 410: the receiver says that it is over.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "app/jobs/handler.h"
#include "app/store/postgres.h"
#include "app/webhooks/post.h"

namespace todo::jobs {

// `postgres` prepares Statements().
boost::asio::awaitable<Outcome> DeliverWebhook(store::Postgres& postgres, webhooks::Poster& poster,
                                               const Job& job);

}  // namespace todo::jobs
