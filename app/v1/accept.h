// 202: work that a job will do, and where to see what becomes of it.
#pragma once

#include <string>
#include <string_view>

#include "app/http/call.h"
#include "app/jobs/outbox.h"
#include "app/store/database.h"
#include "common/http/server.h"
#include "common/json.h"

namespace todo::v1 {

// Puts a job of the caller's into the queue and answers 202, or the problem. With the text of an
// Idempotency-Key it is put there once (idempotency.h); empty: it came without one.
sb::http::Task Accept(const http::Call& call, store::Database& database, jobs::Outbox& outbox,
                      std::string_view kind, sb::Json payload, std::string_view idempotency_key);

}  // namespace todo::v1
