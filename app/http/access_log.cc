#include "app/http/access_log.h"

#include "app/http/trace_context.h"
#include "common/log.h"

namespace todo::http {

bool AccessLog::Parse(std::string_view text, Level& level) {
  if (text.empty() || text == "failures") {
    level = Level::kFailures;
  } else if (text == "off") {
    level = Level::kOff;
  } else if (text == "all") {
    level = Level::kAll;
  } else {
    return false;
  }
  return true;
}

bool AccessLog::MayWrite(sb::TimePoint now) {
  if (level_ == Level::kAll) return true;
  if (now - second_began_ >= std::chrono::seconds(1)) {
    second_began_ = now;
    written_ = 0;
  }
  if (written_ < per_second_) {
    ++written_;
    return true;
  }
  ++left_out_;
  return false;
}

void AccessLog::Write(const sb::http::Request& request, std::string_view route,
                      sb::http::Response& response, sb::Duration took, sb::TimePoint now) {
  if (!MayWrite(now)) return;
  std::string_view sent = request.header("x-request-id");
  const std::string id = IsRequestId(sent) ? std::string(sent) : NewRequestId();
  sb::Json fields = {
      {"method", request.method},
      {"route", route.empty() ? std::string_view("unmatched") : route},
      {"status", response.status},
      {"took_ms", std::chrono::duration_cast<std::chrono::microseconds>(took).count() / 1000.0},
      {"client", request.remote_address},
      {"request_id", id}};
  if (const auto trace = ParseTraceParent(request.header("traceparent"))) {
    fields["trace_id"] = trace->trace_id;
    fields["span_id"] = trace->parent_id;
  }
  if (left_out_ > 0) fields["left_out"] = std::exchange(left_out_, 0);
  // The client can name the line to whoever reads the log.
  response.headers.emplace_back("X-Request-Id", id);
  if (response.status >= 500) {
    sb::log::Warning("request", fields);
  } else {
    sb::log::Info("request", fields);
  }
}

}  // namespace todo::http
