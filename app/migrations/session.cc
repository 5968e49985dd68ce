#include "app/migrations/session.h"

#include <libpq-fe.h>

#include <string_view>
#include <thread>
#include <vector>

#include "common/log.h"

namespace todo::migrations {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRetry{250};

std::string FirstLine(const char* message) {
  std::string_view line(message == nullptr ? "" : message);
  return std::string(line.substr(0, line.find('\n')));
}

}  // namespace

void Result::Clear::operator()(pg_result* result) const { PQclear(result); }
void Session::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

int Result::size() const { return PQntuples(result_.get()); }
std::string Result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Expected<Session> Session::Connect(const std::string& url, std::chrono::seconds wait) {
  const auto deadline = Clock::now() + wait;
  const char* const keywords[] = {"dbname", "connect_timeout", "fallback_application_name",
                                  nullptr};
  const char* const values[] = {url.c_str(), "5", "todo-migrate", nullptr};
  for (bool told = false;; told = true) {
    std::unique_ptr<pg_conn, Finish> connection(PQconnectdbParams(keywords, values, 1));
    if (connection && PQstatus(connection.get()) == CONNECTION_OK) {
      return Session(std::move(connection));
    }
    const std::string reason =
        FirstLine(connection ? PQerrorMessage(connection.get()) : "no memory");
    if (Clock::now() + kRetry >= deadline) {
      return Fail(ErrorCode::kUnavailable, "the database did not answer within " +
                                               std::to_string(wait.count()) + " s: " + reason);
    }
    if (!told) sb::log::Info("waiting for the database", {{"reason", reason}});
    std::this_thread::sleep_for(kRetry);
  }
}

Expected<Result> Session::Run(const std::string& sql, std::initializer_list<std::string> values) {
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  Result result(texts.empty()
                    ? PQexec(connection_.get(), sql.c_str())
                    : PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(texts.size()),
                                   nullptr, texts.data(), nullptr, nullptr, 0));
  const ExecStatusType status = PQresultStatus(result.result_.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  const char* const state = PQresultErrorField(result.result_.get(), PG_DIAG_SQLSTATE);
  const char* const primary = PQresultErrorField(result.result_.get(), PG_DIAG_MESSAGE_PRIMARY);
  const std::string_view code = state == nullptr ? "" : state;
  const bool late = code == "55P03" || code == "57014";  // lock_timeout, statement_timeout
  return Fail(late ? ErrorCode::kDeadlineExceeded : ErrorCode::kInternal,
              primary != nullptr ? primary : FirstLine(PQresultErrorMessage(result.result_.get())));
}

}  // namespace todo::migrations
