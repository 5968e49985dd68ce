// The bundled PostgreSQL: one instance on one claim (contract of the image: docs/names.md).
#pragma once

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

// backend.database.postgres must be set. What the API server never lets change in a StatefulSet is
// name, selector, serviceName and volumeClaimTemplates; a larger claim is made by patching the
// claim.
Json PostgresStatefulSet(const api::Backend& backend);

}  // namespace sb::resources
