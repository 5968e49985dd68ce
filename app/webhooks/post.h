// One POST to a stranger's server, with everything bounded: one deadline for all of it, no
// redirects, 16 KiB of the answer's header and nothing of its body, TLS verified against the
// system's authorities and the host's name, and no address that is not public unless allowed. The
// name is resolved once, and what was checked is what is connected to, so it cannot change in
// between.
//
//   Poster poster(loop, {.allow_private = false});
//   Expected<int> status = co_await poster.Post(url, headers, body, deadline);
//
// Errors: kPermissionDenied (no public address), kUnavailable, kDeadlineExceeded. Loop thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/webhooks/url.h"
#include "common/error.h"

namespace todo::webhooks {

using PostHeaders = std::vector<std::pair<std::string, std::string>>;

class Poster {
 public:
  struct Options {
    bool allow_private = false;
    std::string authorities_file = {};  // PEM to trust instead of the system's; for tests
  };
  Poster(boost::asio::io_context& loop, Options options);
  ~Poster();
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  // The status of the answer, whatever it is.
  boost::asio::awaitable<sb::Expected<int>> Post(Url url, PostHeaders headers, std::string body,
                                                 std::chrono::steady_clock::time_point deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace todo::webhooks
