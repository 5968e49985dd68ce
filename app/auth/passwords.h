// Password hashing off the event loops: a few threads of their own behind a short queue, for the
// whole process.
//
//   Passwords passwords({.threads = 1});
//   Expected<std::string> stored = co_await passwords.Hash("secret");
//   Expected<Verdict> verdict = co_await passwords.Check(stored_or_none, "secret");
//
// A hash takes 20 ms of a core on purpose (argon2.h), so one thread checks about 50 logins a second
// and no more are let in: a full queue is kTooManyRequests (503 and Retry-After for the client), a
// turn that comes later than `deadline` kDeadlineExceeded. The threads run at a lower priority than
// the event loops, start with the first hash, and hold no memory between two.
//
// Call from any event loop; the coroutine continues there. The loop does not end before its answer
// has arrived, and Passwords must outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/auth/argon2.h"
#include "common/error.h"

namespace todo::auth {

struct PasswordOptions {
  int threads = 1;
  std::size_t max_queued = 16;
  std::chrono::milliseconds deadline{2'000};
  Argon2Cost cost = kOwaspCost;
  // Fills with random bytes; unset: OpenSSL's.
  std::function<void(char* bytes, std::size_t size)> random = {};
};

// kStale: right, and made with another cost than today's; hash the password anew and store that.
enum class Verdict { kWrong, kRight, kStale };

// What happened so far; each thread's hashes together.
struct PasswordStats {
  std::uint64_t hashes = 0;   // argon2 runs: checks and new ones
  std::uint64_t refused = 0;  // the queue was full
  std::uint64_t late = 0;     // the turn came after the deadline
  std::uint64_t queued = 0;   // now
  double busy_seconds = 0;    // in argon2
};

class Passwords {
 public:
  explicit Passwords(PasswordOptions options);
  ~Passwords();  // joins; no loop may wait any more
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;

  // kInvalidArgument: longer than kMaxPasswordBytes.
  boost::asio::awaitable<sb::Expected<std::string>> Hash(std::string password);
  // `stored`: a PHC string; none (no such user, or one without a password) costs the same and is
  // kWrong, as is a string that is no PHC string.
  boost::asio::awaitable<sb::Expected<Verdict>> Check(std::optional<std::string> stored,
                                                      std::string password);

  PasswordStats stats() const;  // from any thread

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace todo::auth
