// A blocking connection to PostgreSQL, for work that is done once: migrations and checks.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>

#include "common/error.h"

struct pg_conn;
struct pg_result;

namespace todo::migrations {

class Result {
 public:
  explicit Result(pg_result* owned) : result_(owned, Clear{}) {}
  int size() const;
  std::string text(int row, int column) const;  // NULL is ""

 private:
  friend class Session;
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

class Session {
 public:
  // Tries until `wait` has passed. The error never holds the URL, which has a password.
  static sb::Expected<Session> Connect(const std::string& url, std::chrono::seconds wait);

  // One statement with values for $1, …; without values, also several (in one transaction).
  // kDeadlineExceeded: lock_timeout or statement_timeout. The message is PostgreSQL's first line.
  sb::Expected<Result> Run(const std::string& sql, std::initializer_list<std::string> values = {});

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit Session(std::unique_ptr<pg_conn, Finish> connection)
      : connection_(std::move(connection)) {}
  std::unique_ptr<pg_conn, Finish> connection_;
};

}  // namespace todo::migrations
