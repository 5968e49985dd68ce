// The kinds of jobs there are, declared once: what a payload must look like (checked where a job is
// accepted and again where it is run), how often and how long it is tried.
//
//   const Kind* kind = FindKind("sum_squares");
//   if (kind == nullptr || !CheckPayload(*kind, payload)) …
#pragma once

#include <chrono>
#include <limits>
#include <span>
#include <string_view>

#include "common/error.h"
#include "common/json.h"

namespace todo::jobs {

// A member of a payload, which is always a JSON object.
struct Field {
  enum class Type { kInteger, kText, kArray, kObject };
  std::string_view name;
  Type type = Type::kText;
  std::int64_t minimum = 0;  // of an integer; the least length of an array or text
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();  // … and the most
};

struct RetryPolicy {
  int most_attempts = 5;
  std::chrono::milliseconds first{1'000};  // before the second attempt; then it doubles
  std::chrono::milliseconds most{60'000};
};

struct Kind {
  std::string_view name;
  std::span<const Field> fields;  // all of them required; others are ignored
  RetryPolicy retries;
  std::chrono::milliseconds timeout{60'000};  // of one attempt
};

std::span<const Kind> Kinds();
// nullptr: no such kind. It may be one of a newer version.
const Kind* FindKind(std::string_view name);

// kInvalidArgument names the field.
sb::Expected<void> CheckPayload(const Kind& kind, const sb::Json& payload);

// How long to wait after `attempt` (from 1) failed. `random` in [0, 1): half of the wait is jitter,
// so that jobs that failed together do not come back together.
std::chrono::milliseconds RetryDelay(const RetryPolicy& policy, std::int64_t attempt,
                                     double random);

}  // namespace todo::jobs
