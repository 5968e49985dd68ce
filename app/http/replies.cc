#include "app/http/replies.h"

#include "app/http/json_writer.h"
#include "common/http/wire/response_writer.h"

namespace todo::http {

using sb::ErrorCode;
using sb::http::Response;

Response Json(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response NoContent() {
  Response response;
  response.status = 204;
  response.content_type = "";
  return response;
}

Response Detail(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.body = "{\"detail\":";
  AppendString(response.body, detail);
  response.body += '}';
  return response;
}

Response Unavailable(int retry_after_seconds) {
  Response response = Detail(503, "Service Unavailable");
  response.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  return response;
}

Refusal RefusalOf(const sb::Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return {422, "Unprocessable Entity"};
    case ErrorCode::kNotFound:
      return {404, "Not Found"};
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
      return {409, "Conflict"};
    case ErrorCode::kGone:
      return {410, "Gone"};
    case ErrorCode::kUnauthenticated:
      return {401, "Not authenticated"};
    case ErrorCode::kPermissionDenied:
      return {403, "Forbidden"};
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return {503, "Service Unavailable", {{"Retry-After", "1"}}};
    case ErrorCode::kInternal:
      break;
  }
  return {500, "Internal Server Error"};
}

Response FromError(const sb::Error& error) { return Render(RefusalOf(error), Style::kFastApi); }

Response Problem(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = kProblemJson;
  response.body = "{\"type\":\"about:blank\",\"title\":";
  AppendString(response.body, sb::http::ReasonPhrase(status));
  response.body += ",\"status\":";
  AppendNumber(response.body, status);
  response.body += ",\"detail\":";
  AppendString(response.body, detail);
  response.body += '}';
  return response;
}

Response Render(Refusal refusal, Style style) {
  Response response = style == Style::kProblem ? Problem(refusal.status, refusal.detail)
                                               : Detail(refusal.status, refusal.detail);
  response.headers = std::move(refusal.headers);
  return response;
}

}  // namespace todo::http
