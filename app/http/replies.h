// The answers that several routes give. Bodies are FastAPI's: {"detail": "..."}.
#pragma once

#include <string_view>

#include "common/error.h"
#include "common/http/server.h"

namespace todo::http {

// 200 with a JSON body.
sb::http::Response Json(std::string body);

sb::http::Response Detail(int status, std::string_view detail);

// A dependency is away or overloaded: 503, and when to come back.
sb::http::Response Unavailable(int retry_after_seconds = 1);

// What a failed query or command becomes; nothing of its message reaches the client. The one table
// from codes to statuses; routes handle the codes that mean something to them before they come
// here.
sb::http::Response FromError(const sb::Error& error);

}  // namespace todo::http
