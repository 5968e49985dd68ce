#include "app/store/rows.h"

#include <libpq-fe.h>

#include <charconv>

namespace todo::store {
namespace {

std::int64_t NumberOf(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

Rows::Rows(pg_result* owned) : result_(owned) {}

int Rows::size() const { return PQntuples(result_.get()); }

std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) == 1;
}

std::string_view Rows::command() const { return PQcmdStatus(result_.get()); }

std::int64_t Rows::integer(int row, int column) const { return NumberOf(text(row, column)); }

std::int64_t Rows::affected() const { return NumberOf(PQcmdTuples(result_.get())); }

}  // namespace todo::store
