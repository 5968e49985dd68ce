// Services in front of the API (80 -> http), PostgreSQL and Redis.
#pragma once

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

Json ApiService(const api::Backend& backend);
// Headless: gives the members of the StatefulSet their names.
Json PostgresService(const api::Backend& backend);
// What clients use.
Json PostgresRwService(const api::Backend& backend);
// Not headless: its address outlives the pod, a cached DNS answer does not.
Json RedisService(const api::Backend& backend);

}  // namespace sb::resources
