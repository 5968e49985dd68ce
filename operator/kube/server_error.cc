#include "operator/kube/server_error.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sb::kube {
namespace {

constexpr std::string_view kTooLarge = "ResourceVersionTooLarge";
constexpr std::size_t kMaxMessage = 2048;

ErrorCode CodeOf(std::string_view reason, int http_status) {
  static constexpr std::pair<std::string_view, ErrorCode> kReasons[] = {
      {"NotFound", ErrorCode::kNotFound},
      {"AlreadyExists", ErrorCode::kAlreadyExists},
      {"Conflict", ErrorCode::kConflict},
      {"Gone", ErrorCode::kGone},
      {"Expired", ErrorCode::kGone},
      {"Invalid", ErrorCode::kInvalidArgument},
      {"BadRequest", ErrorCode::kInvalidArgument},
      {"Unauthorized", ErrorCode::kUnauthenticated},
      {"Forbidden", ErrorCode::kPermissionDenied},
      {"TooManyRequests", ErrorCode::kTooManyRequests},
      {"ServerTimeout", ErrorCode::kUnavailable},
      {"Timeout", ErrorCode::kUnavailable},
      {"ServiceUnavailable", ErrorCode::kUnavailable},
      {"InternalError", ErrorCode::kUnavailable},
  };
  for (const auto& [name, code] : kReasons) {
    if (reason == name) return code;
  }
  switch (http_status) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422:
      return ErrorCode::kInvalidArgument;
    case 401:
      return ErrorCode::kUnauthenticated;
    case 403:
      return ErrorCode::kPermissionDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 410:
      return ErrorCode::kGone;
    case 429:
      return ErrorCode::kTooManyRequests;
    default:
      return http_status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInternal;
  }
}

// " (spec.replicas: Invalid value …; spec.x: …)", leaving out causes that the message repeats
// anyway.
std::string CausesOf(const Json& status, const std::string& message) {
  const Json* causes = Find(status, {"details", "causes"});
  if (!causes || !causes->is_array()) return "";
  std::string text;
  for (const Json& cause : *causes) {
    const std::string field = StringAt(cause, {"field"});
    const std::string what = StringAt(cause, {"message"});
    const std::string reason = StringAt(cause, {"reason"});
    if (reason != kTooLarge && !field.empty() && message.find(field) != std::string::npos &&
        message.find(what) != std::string::npos) {
      continue;
    }
    std::string part = reason == kTooLarge ? reason : field;
    if (!what.empty()) part += (part.empty() ? "" : ": ") + what;
    if (part.empty()) continue;
    text += (text.empty() ? " (" : "; ") + part;
  }
  return text.empty() ? text : text + ")";
}

bool HasTooLargeCause(const Json& status) {
  const Json* causes = Find(status, {"details", "causes"});
  if (!causes || !causes->is_array()) return false;
  return std::any_of(causes->begin(), causes->end(),
                     [](const Json& cause) { return StringAt(cause, {"reason"}) == kTooLarge; });
}

int RetryAfterMs(long long seconds) {
  return static_cast<int>(std::clamp<long long>(seconds, 0, 3600) * 1000);
}

// Whatever answers may send any bytes, and a cut may split a character; what becomes of this goes
// into logs and conditions.
std::string ValidUtf8(const std::string& text) {
  const Json replaced =
      Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace), nullptr, false);
  return replaced.is_string() ? replaced.get<std::string>() : std::string();
}

}  // namespace

bool IsTooLarge(const Error& error) {
  return error.code == ErrorCode::kGone && error.message.find(kTooLarge) != std::string::npos;
}

Error ErrorFromStatus(const Json& status, int http_status, std::string_view what) {
  const int code = static_cast<int>(IntAt(status, {"code"}, http_status));
  const std::string reason = StringAt(status, {"reason"});
  std::string message = StringAt(status, {"message"});
  // Servers before 1.19 say it in a Timeout's message only.
  const bool too_large =
      HasTooLargeCause(status) || (code == 504 && message.find("Too large resource version") == 0);
  std::string text = std::string(what) + ": ";
  text += message.empty() ? "HTTP " + std::to_string(code) : message;
  text += CausesOf(status, message);
  if (too_large && text.find(kTooLarge) == std::string::npos) text += " (ResourceVersionTooLarge)";
  if (text.size() > kMaxMessage) text = text.substr(0, kMaxMessage) + "…";
  text = ValidUtf8(text);
  ErrorCode error_code = too_large ? ErrorCode::kGone : CodeOf(reason, code);
  // Server-side apply answers 500 without a reason to a field that the schema does not have (seen
  // with 1.34).
  if (message.starts_with("failed to create typed patch object")) {
    error_code = ErrorCode::kInvalidArgument;
  }
  Error error{error_code, std::move(text), 0};
  error.retry_after_ms = RetryAfterMs(IntAt(status, {"details", "retryAfterSeconds"}));
  return error;
}

Error ErrorFrom(const Response& response, std::string_view what) {
  Json status = Json::parse(response.body, nullptr, false);
  if (!status.is_object() || StringAt(status, {"kind"}) != "Status") {
    status = Json::object();
    // Whatever stands between us and the server; its first line is the best hint there is.
    std::string line =
        response.body.substr(0, std::min<std::size_t>(response.body.find('\n'), 200));
    if (!line.empty()) {
      status["message"] = "HTTP " + std::to_string(response.status) + ": " + line;
    }
  }
  Error error = ErrorFromStatus(status, response.status, what);
  auto header = response.headers.find("Retry-After");
  if (error.retry_after_ms == 0 && header != response.headers.end()) {
    long long seconds = 0;
    for (char c : header->second) {
      if (c < '0' || c > '9' || seconds > 10'000) break;  // an HTTP date is not worth parsing
      seconds = seconds * 10 + (c - '0');
    }
    error.retry_after_ms = RetryAfterMs(seconds);
  }
  return error;
}

}  // namespace sb::kube
