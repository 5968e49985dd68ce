// The answers that several routes give. Bodies of errors are FastAPI's, {"detail": "..."}, or below
// /v1 RFC 9457's: {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "..."}.
#pragma once

#include <string_view>

#include "app/http/problems.h"
#include "app/http/refusal.h"
#include "common/error.h"
#include "common/http/server.h"

namespace todo::http {

// 200 with a JSON body.
sb::http::Response Json(std::string body);

sb::http::Response NoContent();  // 204

sb::http::Response Detail(int status, std::string_view detail);

// A dependency is away or overloaded: 503, and when to come back.
sb::http::Response Unavailable(int retry_after_seconds = 1);

// What a failed query or command becomes; nothing of its message reaches the client. The one table
// from codes to statuses; routes handle the codes that mean something to them before they come
// here.
sb::http::Response FromError(const sb::Error& error);
Refusal RefusalOf(const sb::Error& error);

inline constexpr std::string_view kProblemJson = "application/problem+json";
sb::http::Response Problem(int status, std::string_view detail);
sb::http::Response Render(Refusal refusal, Style style);

}  // namespace todo::http
