// What a migration may not do while the previous version of the program still runs beside the new
// one, and what would stop traffic: found without a database, by a unit test over migrations/*.sql.
//
// Expand/contract: a step that only adds ("expand") may come with the release that uses it. What
// takes away or changes (DROP, RENAME, another type, NOT NULL) comes in a migration of its own,
// marked `-- migrate: contract`, one release after the last program that needed the old way.
#pragma once

#include <string>
#include <vector>

#include "app/migrations/migration.h"

namespace todo::migrations {

// One line for each broken rule, with what to do instead. Empty: fine.
std::vector<std::string> Lint(const Migration& migration);

}  // namespace todo::migrations
