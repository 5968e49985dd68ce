// Applying objects only when they have to be, so that a settled cluster sees no writes.
//
//   Applier applier(client, {.field_manager = "my-operator",
//                            .hash_annotation = "example.com/applied-hash"});
//   auto applied = applier.Apply(Deployments(), desired, live);   // live: from the cache, or null
//   if (applied && applied->outcome == ApplyOutcome::kUnchanged) …
//
// An object is left alone if both hold: it was last applied from the same desired object (else a
// field that is no longer wanted would stay), and it still covers that (else what somebody changed
// would stay).
#pragma once

#include <string>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/resource.h"

namespace sb::kube {

class Client;

enum class ApplyOutcome {
  kUnchanged,  // nothing was sent
  kApplied,
  kCreated,  // applied, and as far as `live` said there was none before
};

struct Applied {
  ApplyOutcome outcome = ApplyOutcome::kUnchanged;
  Json object = {};        // as the server answered; null if kUnchanged
  std::string drift = {};  // what somebody else had changed, as Covers says it; "" if nothing
};

struct ApplierOptions {
  std::string field_manager = {};    // required
  std::string hash_annotation = {};  // required: where the hash of the desired object is kept
  bool force = true;                 // take fields that another manager has with another value
};

// Thread-safe.
class Applier {
 public:
  Applier(const Client& client, ApplierOptions options);  // the client must outlive this

  // `desired` has apiVersion, kind and name, and everything that is wanted. With `live`, exactly
  // that incarnation is written: one that was deleted meanwhile is not made again. Errors as of
  // Client::Apply; kConflict or kNotFound: it is gone or another one, or, without `force`, somebody
  // else owns a field.
  Expected<Applied> Apply(const Resource& resource, Json desired, const Json* live) const;

  // `desired` with the annotation that says what it was applied from. Pure.
  Json Stamped(Json desired) const;

 private:
  const Client& client_;
  const ApplierOptions options_;
};

// 16 hex digits of the SHA-256 of the canonical form (keys sorted, no spaces). Equal objects give
// equal hashes in every build and on every machine.
std::string HashOf(const Json& object);

// True if everything that `desired` says is also in `live`, which may hold more (defaults, fields
// of others). Maps: each key. Lists: same length and covered one by one; lists of maps that have
// one of the merge keys below are matched by it, in any order, and may hold more elements
// (server-side apply merges them). null and empty maps ask for nothing. Numbers are equal by value,
// and so are quantities in the places where the API server rewrites them (resources, storage,
// sizes): "1000m" is "1". At the first difference `where` (may be null) says its path and both
// values, with values cut short and those of Secrets left out.
bool Covers(const Json& desired, const Json& live, std::string* where = nullptr);

}  // namespace sb::kube
