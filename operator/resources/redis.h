// The bundled Redis: cache and queue in one instance on one claim (contract of the image:
// docs/names.md).
#pragma once

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

// backend.cache.redis must be set; see PostgresStatefulSet on what may not change.
Json RedisStatefulSet(const api::Backend& backend);

}  // namespace sb::resources
