// Which trace and request a line of the log belongs to: W3C Trace Context (level 1, §3.2) and
// X-Request-Id, as the client or a proxy sent them.
//
//   if (auto trace = ParseTraceParent(request.header("traceparent"))) log(trace->trace_id);
//
// Pure. A header that breaks the format counts as not sent: the specification forbids guessing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace todo::http {

// Views into the header.
struct TraceContext {
  std::string_view trace_id;   // 32 lower case hex digits, not all zero
  std::string_view parent_id;  // 16 of them: the caller's span
  bool sampled = false;
};

std::optional<TraceContext> ParseTraceParent(std::string_view header);

// 1 to 128 letters, digits, '-', '_', '.', ':', '/', '+', '='. What else a client sends does not
// get into logs.
bool IsRequestId(std::string_view text);

// 32 hex digits. Unique, not secret; no lock, no system call but the thread's first.
std::string NewRequestId();

}  // namespace todo::http
