// Instant queries over HTTP: the one place that talks to Prometheus.
//
//   promql::Client client;
//   auto vector = client.Query("http://prometheus.monitoring:9090", "sum(up)", 3s);
//
// Thread-safe; a call blocks its thread until the answer or the deadline. Connections are kept open
// between calls to the same server with the same certificates. http and https (the system's
// authorities, or those of the credentials). Redirections are never followed, so credentials go
// to the host of the url only. What sends is kube/transport.h.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/time.h"
#include "operator/prometheus/credentials.h"
#include "operator/prometheus/result.h"

namespace sb::promql {

inline constexpr std::chrono::seconds kDefaultTimeout{3};
// An answer of one number is some hundred bytes; more than this is a query that forgot to
// aggregate.
inline constexpr std::size_t kMaxAnswerBytes = 1 << 20;
inline constexpr std::size_t kMaxRangeBytes = 16 << 20;

class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `url` is Prometheus' base, with or without a path prefix and a trailing slash. Errors: as
  // ParseAnswer, and kInvalidArgument for a url that is none or an answer above kMaxAnswerBytes,
  // kUnauthenticated and terminal for certificates that cannot be used, kUnavailable if nobody
  // answers there or TLS fails, kDeadlineExceeded after `timeout`. No message holds a secret of
  // `credentials`.
  Expected<InstantVector> Query(const std::string& url, const std::string& promql,
                                Duration timeout = kDefaultTimeout,
                                const Credentials& credentials = {});

  // What the query gave at each step of a range, oldest first: one series (kInvalidArgument if
  // there are several, or more than 11,000 steps: Prometheus' own limit).
  struct Range {
    WallTime from, to;
    std::chrono::seconds step{15};
  };
  Expected<std::vector<Series>> QueryRange(const std::string& url, const std::string& promql,
                                           const Range& range,
                                           Duration timeout = std::chrono::seconds(30),
                                           const Credentials& credentials = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Where a base url's instant queries go: {"http://h:9090", "/prefix/api/v1/query"}.
// kInvalidArgument if it is no http(s) url; the message names it without its user and password.
struct Endpoint {
  std::string server;  // scheme, host and port; never credentials
  std::string path;
};
Expected<Endpoint> QueryEndpoint(std::string_view url);

}  // namespace sb::promql
