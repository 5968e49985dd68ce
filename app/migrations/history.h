// schema_migrations: what was applied to a database, as it says itself.
#pragma once

#include <vector>

#include "app/migrations/migration.h"
#include "app/migrations/session.h"

namespace todo::migrations {

// In order of name; empty if there is no such table yet.
sb::Expected<std::vector<Applied>> ReadHistory(Session& session);

sb::Expected<void> CreateHistory(Session& session);
sb::Expected<void> AddToHistory(Session& session, const Migration& migration);

}  // namespace todo::migrations
