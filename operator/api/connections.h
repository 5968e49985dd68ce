// The connection budget: what every process may open together has to fit max_connections, or
// PostgreSQL refuses clients exactly when the load is highest.
#pragma once

#include <string>

#include "operator/api/backend.h"

namespace sb::api {

struct ConnectionBudget {
  int max_connections = 0;  // of the bundled PostgreSQL; 0: external, not known
  int reserved = 0;         // superuser, migrations, probes
  int processes = 0;        // the most pods at once: maxima plus the surge of a rolling update
  int pool_size = 0;        // POOL_SIZE: connections of one process; 0: not even one each fits
};

ConnectionBudget Budget(const Backend& backend);

// "16 processes x 1 connection + 10 reserved = 26 of max_connections 20".
std::string Describe(const ConnectionBudget& budget);

}  // namespace sb::api
