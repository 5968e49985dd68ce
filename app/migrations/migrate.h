// `todo migrate`: waits for the database, takes the lock, applies what is pending, one transaction
// each.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "app/migrations/migration.h"

namespace todo::migrations {

struct MigrateOptions {
  std::string url;                // holds a password: never log it
  std::chrono::seconds wait{60};  // for the database to answer, and for the lock
  bool dry_run = false;           // print what would be applied
};

// How many were (or would be) applied. The error is one line that names the migration or what is
// away; it becomes a condition of the backend. Blocks.
sb::Expected<int> Migrate(std::span<const Migration> all, const MigrateOptions& options);

}  // namespace todo::migrations
