// The Secret with every credential. Made once and then left alone: a new password would lock out
// the old data.
#pragma once

#include <string>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

// Random strings out of [0-9A-Za-z], at least 32 characters each (so that URLs need no escaping).
// The caller draws them: builders are pure.
struct Entropy {
  std::string postgres_password;
  std::string redis_password;
  std::string jwt_key;
};

// `data` in base64, all keys of docs/names.md, also for an external database: switching over later
// needs no new Secret. Compare an existing Secret by its keys only (MissingCredentials).
Json CredentialsSecret(const api::Backend& backend, const Entropy& entropy);

// Keys of docs/names.md that `secret` lacks, comma separated; empty: complete.
std::string MissingCredentials(const Json& secret);

}  // namespace sb::resources
