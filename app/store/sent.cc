#include "app/store/sent.h"

#include <libpq-fe.h>

namespace todo::store {

bool SendPrepared(pg_conn* connection, const char* name, const Parameters& parameters) {
  std::array<const char*, Parameters::kMost> values{};
  std::array<int, Parameters::kMost> lengths{}, formats{};
  const int count = parameters.count();
  for (int i = 0; i < count; ++i) {
    const std::string_view value = parameters[i];
    const auto at = static_cast<std::size_t>(i);
    values[at] = parameters.is_null(i) ? nullptr : value.data();
    lengths[at] = static_cast<int>(value.size());
    formats[at] = 1;  // binary
  }
  return PQsendQueryPrepared(connection, name, count, values.data(), lengths.data(), formats.data(),
                             0) == 1;
}

}  // namespace todo::store
