// `todo migrate --check`: is the database what the migrations make? Tables, columns, types,
// indexes and constraints are compared; what somebody changed by hand is named, with the fix.
//
// What the migrations make is not written down a second time: they are run into a schema of their
// own, in a transaction that is rolled back. No table of the service is locked.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "app/migrations/migration.h"

namespace todo::migrations {

// One line for each difference; empty: none. The error: it could not be found out.
sb::Expected<std::vector<std::string>> CheckSchema(std::span<const Migration> all,
                                                   const std::string& url,
                                                   std::chrono::seconds wait);

}  // namespace todo::migrations
