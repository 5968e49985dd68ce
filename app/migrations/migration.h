// The steps of the database's schema: SQL files, embedded at build time, applied once each in order
// of name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace todo::migrations {

struct Migration {
  std::string_view name;  // "0001_users_and_tasks"
  std::string_view sql;
};

// What schema_migrations says of one that was applied.
struct Applied {
  std::string name;
  std::string checksum;
};

// Those of migrations/*.sql, in order.
std::span<const Migration> Embedded();

// SHA-256 of the SQL, hexadecimal.
std::string ChecksumOf(const Migration& migration);

// Which of `all` are still to be applied. kConflict if an applied one was edited afterwards, or if
// one would have to run before another that has run already. Applied ones that are unknown here
// come from a newer version of the program; expand/contract lets this one work beside it.
sb::Expected<std::vector<Migration>> Pending(std::span<const Migration> all,
                                             const std::vector<Applied>& applied);

}  // namespace todo::migrations
