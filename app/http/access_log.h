// A line for a request that somebody may want to find again: what failed on our side (5xx), what
// was slow, or with kAll everything. With request and trace ids, without query strings, bodies and
// tokens.
//
//   {"level":"warning","msg":"request","method":"GET","route":"/users/{user_id}","status":503,
//    "took_ms":1.2,"request_id":"7f…","trace_id":"0a…","span_id":"b7…","client":"10.0.0.7"}
//
// Bound: failures of a burst are `per_second` lines at most; the next line says how many were left
// out. Loop thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/server.h"
#include "common/time.h"

namespace todo::http {

class AccessLog {
 public:
  enum class Level { kOff, kFailures, kAll };
  // "off", "failures", "all"; empty: kFailures.
  static bool Parse(std::string_view text, Level& level);

  explicit AccessLog(Level level, sb::Duration slow = std::chrono::seconds(1),
                     std::uint32_t per_second = 20)
      : level_(level), slow_(slow), per_second_(per_second) {}

  // Costs nothing for a request that is not worth a line.
  void Finished(const sb::http::Request& request, std::string_view route,
                sb::http::Response& response, sb::Duration took, sb::TimePoint now) {
    if (level_ == Level::kAll ||
        (level_ == Level::kFailures && (response.status >= 500 || took >= slow_))) {
      Write(request, route, response, took, now);
    }
  }

 private:
  void Write(const sb::http::Request& request, std::string_view route, sb::http::Response& response,
             sb::Duration took, sb::TimePoint now);
  bool MayWrite(sb::TimePoint now);

  const Level level_;
  const sb::Duration slow_;
  const std::uint32_t per_second_;
  sb::TimePoint second_began_{};
  std::uint32_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace todo::http
