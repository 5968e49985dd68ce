// Errors as values. One closed list of codes for both programs; each program maps a code to what
// its users see (an HTTP status, a condition) in one table.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sb {

enum class ErrorCode {
  kInvalidArgument,   // what was given can never work; the message says what would
  kNotFound,          // the named thing does not exist
  kAlreadyExists,     // the name is taken
  kConflict,          // somebody else changed it first, or owns it: read again
  kGone,              // the resource version is no longer in the server's history: list again
  kUnauthenticated,   // the server does not know us
  kPermissionDenied,  // the server knows us and refuses
  kTooManyRequests,   // back off, then try again
  kUnavailable,       // not reachable, or it answered 5xx: try again later
  kDeadlineExceeded,  // no answer in time
  kCancelled,         // we were asked to stop
  kInternal,          // a bug of ours, or an answer that makes no sense
};

// The code in lower snake case, for logs and metric labels: "not_found".
const char* ToString(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;     // names the object, what was wrong and what to do
  int retry_after_ms = 0;  // > 0: the server asked us to wait this long
  bool terminal = false;   // trying the same again cannot mend it; something else has to change
};

template <typename T>
using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message), 0});
}

}  // namespace sb
