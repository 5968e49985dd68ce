// Connects to PostgreSQL without blocking the loop: resolves the name, then lets libpq talk.
//
//   Dialer dialer(loop);
//   Expected<Connection> connection = co_await dialer.Dial(url, timeout);
//
// One Dial at a time; its deadline is kept by whoever calls EndLate now and then. Loop thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "app/store/connect_target.h"
#include "common/error.h"

struct pg_conn;

namespace todo::store {

struct FinishConnection {
  void operator()(pg_conn* connection) const;
};
using Connection = std::unique_ptr<pg_conn, FinishConnection>;

// The first line of libpq's message on a connection, which may be null.
std::string ReasonOf(const pg_conn* connection);

class Dialer {
 public:
  explicit Dialer(boost::asio::io_context& loop) : resolver_(loop), socket_(loop) {}
  ~Dialer();

  // kUnavailable, kDeadlineExceeded, kInvalidArgument (the URL); no message holds the password.
  boost::asio::awaitable<sb::Expected<Connection>> Dial(const std::string& url,
                                                        std::chrono::milliseconds timeout);
  void EndLate(std::chrono::steady_clock::time_point now);
  void Cancel();

 private:
  boost::asio::awaitable<sb::Expected<std::vector<std::string>>> Resolve(
      const ConnectTarget& target);

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::posix::stream_descriptor socket_;  // borrowed from libpq between two polls
  std::optional<std::chrono::steady_clock::time_point> until_;
  bool cancelled_ = false;
};

}  // namespace todo::store
