// One client's connection: read, answer, repeat. The server owns the list and the sweeper; a
// connection states until when its present phase may last, and the sweeper ends those that are late
// (one coarse timer for all: a timer per request costs more than parsing it).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/http/server.h"  // first: it prepares Asio
#include "common/time.h"

namespace boost::asio::ssl {
class context;
}

namespace sb::http {

enum class Phase {
  kFresh,      // connected, nothing received yet
  kHandshake,  // TLS
  kIdle,       // between requests
  kReading,    // part of a request has arrived
  kHandling,   // the handler has it; no deadline of ours
  kWriting,    // the answer is on its way
  kClosing,    // our side is closed, waiting for the peer's end
};

class Connection : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~Connection() = default;

  // Serves until the connection ends.
  virtual boost::asio::awaitable<void> Run() = 0;

  // Ends the pending read (its phase kFresh, kIdle, kReading). Bytes that have already arrived win:
  // then the request is served.
  virtual void CancelRead() = 0;
  // Ends the connection, whatever it does.
  virtual void Close() = 0;
  // Has the kernel bytes of ours that nobody has read?
  virtual bool HasUnreadBytes() = 0;

  Phase phase = Phase::kFresh;
  TimePoint phase_began{};
  TimePoint deadline{};
  bool timed_out = false;
};

using Connections = boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>>;

// What a server's connections share.
struct ServerState {
  ServerState(ServerOptions o, Handler h) : options(std::move(o)), handler(std::move(h)) {}

  const ServerOptions options;
  const Handler handler;
  Connections connections;
  std::size_t open = 0;
  bool announce_close = false;
  bool draining = false;
  std::string date;
  std::function<void()> on_last_closed;  // called each time `open` falls to 0
};

// Counted and listed in `state` from the moment they are made.
std::unique_ptr<Connection> MakePlainConnection(std::shared_ptr<ServerState> state,
                                                boost::asio::ip::tcp::socket socket);
std::unique_ptr<Connection> MakeTlsConnection(std::shared_ptr<ServerState> state,
                                              boost::asio::ip::tcp::socket socket,
                                              std::shared_ptr<boost::asio::ssl::context> context);

}  // namespace sb::http
