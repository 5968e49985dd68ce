#include "app/http/replies.h"

#include "app/http/json_writer.h"

namespace todo::http {

using sb::ErrorCode;
using sb::http::Response;

Response Json(std::string body) {
  Response response;
  response.body = std::move(body);
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

Response FromError(const sb::Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return Detail(422, "Unprocessable Entity");
    case ErrorCode::kNotFound:
      return Detail(404, "Not Found");
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
      return Detail(409, "Conflict");
    case ErrorCode::kGone:
      return Detail(410, "Gone");
    case ErrorCode::kUnauthenticated:
      return Detail(401, "Not authenticated");
    case ErrorCode::kPermissionDenied:
      return Detail(403, "Forbidden");
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return Unavailable();
    case ErrorCode::kInternal:
      break;
  }
  return Detail(500, "Internal Server Error");
}

}  // namespace todo::http
