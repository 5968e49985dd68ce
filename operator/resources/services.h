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
// Headless too, so a client reconnects to the pod itself once it is back.
Json RedisService(const api::Backend& backend);

}  // namespace sb::resources
