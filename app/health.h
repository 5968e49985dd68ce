// GET / and GET /health.
#pragma once

#include <vector>

#include "app/http/router.h"
#include "app/store/database.h"

namespace todo {

// Appends the routes. `database` may be null (not configured) and must outlive them.
void AddHealthRoutes(std::vector<http::Route>& routes, store::Database* database);

}  // namespace todo
