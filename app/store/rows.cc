#include "app/store/rows.h"

#include <libpq-fe.h>

namespace todo::store {

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

Rows::Rows(pg_result* owned) : result_(owned) {}

int Rows::size() const { return PQntuples(result_.get()); }

std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

}  // namespace todo::store
