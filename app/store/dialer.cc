#include "app/store/dialer.h"

#include <libpq-fe.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace todo::store {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t kMostAddresses = 4;

Connection StartConnect(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : settings) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return Connection(PQconnectStartParams(keywords.data(), values.data(), 0));
}

tl::unexpected<sb::Error> Failed(const Connection& connection) {
  return Fail(ErrorCode::kUnavailable, ReasonOf(connection.get()));
}

}  // namespace

void FinishConnection::operator()(pg_conn* connection) const { PQfinish(connection); }

std::string ReasonOf(const pg_conn* connection) {
  std::string_view line = connection == nullptr ? "out of memory" : PQerrorMessage(connection);
  return std::string(line.substr(0, line.find('\n')));
}

Dialer::~Dialer() {
  if (socket_.is_open()) socket_.release();  // libpq's, not ours to close
}

void Dialer::Cancel() {
  cancelled_ = true;
  error_code ignored;
  resolver_.cancel();
  if (socket_.is_open()) socket_.cancel(ignored);
}

void Dialer::EndLate(std::chrono::steady_clock::time_point now) {
  error_code ignored;
  if (until_ && now >= *until_ && socket_.is_open()) socket_.cancel(ignored);
}

asio::awaitable<Expected<std::vector<std::string>>> Dialer::Resolve(const ConnectTarget& target) {
  std::vector<std::string> addresses;
  const std::string name = target.NameToResolve();
  if (name.empty()) co_return addresses;
  error_code failed;
  const tcp::resolver::results_type found = co_await resolver_.async_resolve(
      name, target.Port(), asio::redirect_error(asio::use_awaitable, failed));
  if (failed) {
    co_return Fail(ErrorCode::kUnavailable, "cannot resolve " + name + ": " + failed.message());
  }
  for (const auto& entry : found) {
    if (addresses.size() == kMostAddresses) break;
    addresses.push_back(entry.endpoint().address().to_string());
  }
  co_return addresses;
}

asio::awaitable<Expected<Connection>> Dialer::Dial(const std::string& url,
                                                   std::chrono::milliseconds timeout) {
  const Expected<ConnectTarget> target = ConnectTarget::Parse(url);
  if (!target) co_return tl::unexpected<sb::Error>(target.error());
  const Expected<std::vector<std::string>> addresses = co_await Resolve(*target);
  if (!addresses) co_return tl::unexpected<sb::Error>(addresses.error());
  if (cancelled_) co_return Fail(ErrorCode::kCancelled, "stopped");

  Connection connection = StartConnect(target->Settings(*addresses));
  if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) co_return Failed(connection);
  until_ = std::chrono::steady_clock::now() + timeout;
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    // libpq may have closed its socket and opened another one with the same number, which the
    // reactor does not know: borrow it anew for each wait.
    error_code failed;
    socket_.assign(PQsocket(connection.get()), failed);
    if (failed) co_return Failed(connection);
    co_await socket_.async_wait(
        next == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write,
        asio::redirect_error(asio::use_awaitable, failed));
    socket_.release();
    if (failed || cancelled_) {
      until_.reset();
      co_return Fail(ErrorCode::kDeadlineExceeded, "no connection within the timeout");
    }
    next = PQconnectPoll(connection.get());
    if (next == PGRES_POLLING_FAILED) co_return Failed(connection);
  }
  until_.reset();
  co_return connection;
}

}  // namespace todo::store
