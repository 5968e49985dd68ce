// `todo migrate`: waits for the database, takes the lock, applies what is pending, one transaction
// each (or none, for CREATE INDEX CONCURRENTLY).
//
// While it runs, the service does. An ALTER TABLE waits for every transaction that uses its table,
// and everybody who comes after it waits for it: so it gives up after `lock_timeout`, lets traffic
// through, and tries again until `wait` has passed. A second `todo migrate` waits for the first one
// without holding anything that CREATE INDEX CONCURRENTLY would wait for.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "app/migrations/migration.h"

namespace todo::migrations {

struct MigrateOptions {
  std::string url;                // holds a password: never log it
  std::chrono::seconds wait{60};  // for the database, for the lock, and for each migration's locks
  std::chrono::milliseconds lock_timeout{2'000};         // of one try
  std::chrono::milliseconds statement_timeout{300'000};  // of one statement in a transaction
  bool dry_run = false;  // print what would be applied, and take no lock
};

// How many were (or would be) applied. The error is one line that names the migration or what is
// away; it becomes a condition of the backend. Blocks.
sb::Expected<int> Migrate(std::span<const Migration> all, const MigrateOptions& options);

}  // namespace todo::migrations
