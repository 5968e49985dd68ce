// HTTP to one API server in three operations: send, stream, cancel. Everything above it (client,
// informers, election) runs unchanged against cpprestsdk, a scripted fake or the in-process fake
// API server.
//
//   auto answer = transport.Send({.method = "GET", .path = "/version"}, 10s, stop);
//   auto head = transport.Stream(watch, {.on_data = …, .idle_deadline = [] { return 90s; }}, stop);
//
// Implementations are thread-safe: many threads send and stream at once. Authentication is theirs;
// callers never see a token. HTTP statuses are not errors here: an Error means that no complete
// answer arrived (kUnavailable, kDeadlineExceeded, kCancelled), and says nothing about whether the
// server did the work.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::kube {

struct Request {
  std::string method = "GET";
  std::string path = {};                                        // percent-encoded, starts with '/'
  std::vector<std::pair<std::string, std::string>> query = {};  // not yet encoded
  std::vector<std::pair<std::string, std::string>> headers = {};  // beyond the three below
  std::string content_type = {};  // of `body`; empty if there is none
  std::string accept = "application/json";
  std::string body = {};
  // Doing it twice is as good as once. A request that is not must never be resent by a library
  // behind the caller's back, so it gets a connection of its own (cpprestsdk resends on a reused
  // one).
  bool idempotent = true;
};

// "/path?query", percent-encoded.
std::string Target(const Request& request);
// Percent-encodes all but RFC 3986 unreserved characters.
std::string PercentEncode(std::string_view text);

struct CaseInsensitiveLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

struct Response {
  int status = 0;
  std::map<std::string, std::string, CaseInsensitiveLess> headers = {};
  std::string body = {};
};

// What a stream does with what arrives. Called on the thread that called Stream, in order.
struct StreamHandlers {
  // How long the server may take to answer with a status.
  Duration open_deadline = std::chrono::seconds(30);
  // How long the whole answer may take; a watch has no such limit.
  std::optional<Duration> deadline = {};
  // Bytes must arrive when the server sends them, as those of a watch: an answer that is not
  // chunked is refused, because cpprestsdk holds it back. Such a stream gets a connection of its
  // own.
  bool live = true;
  // The server answered 200. Optional.
  std::function<void(const Response& head)> on_open = {};
  // The next bytes of the body, cut anywhere. False: enough, close the connection. Required.
  std::function<bool(std::string_view bytes)> on_data = {};
  // How long the stream may stay silent before it counts as dead; asked before each wait. Required.
  std::function<Duration()> idle_deadline = {};
};

inline constexpr std::size_t kMaxResponseBytes = 64 << 20;  // of Send; lists are streamed

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends and waits for the whole answer.
  virtual Expected<Response> Send(const Request& request, Duration deadline,
                                  std::stop_token stop = {}) = 0;

  // Hands an answer out as it arrives, until the server ends it, on_data has enough, or it fails.
  // The result is the answer's head; if its status is not 200, its (bounded) body is in it and
  // on_data was never called. kDeadlineExceeded: silent for longer than the idle deadline.
  // kCancelled: `stop`, at once.
  virtual Expected<Response> Stream(const Request& request, const StreamHandlers& handlers,
                                    std::stop_token stop) = 0;
};

}  // namespace sb::kube
