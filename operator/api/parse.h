// From the object that the API server holds to a Backend, checked again: the CEL rules of the CRD
// may be of another version than this operator, and an object may be older than its rules.
//
//   Expected<Backend> backend = Parse(object, defaults);
//   if (!backend) status.Stall(kInvalidSpec, backend.error().message);
//
// Pure; safe on any document. The error (kInvalidArgument) holds every fault, one a line, each
// naming the field and what to do:
//   spec.api.autoscaling.minReplicas: 5 is more than maxReplicas 3; raise maxReplicas or lower
//   minReplicas
// Fields that this version does not know are ignored: the API server prunes or refuses them.
#pragma once

#include "common/error.h"
#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::api {

Expected<Backend> Parse(const Json& object, const OperatorDefaults& defaults);

}  // namespace sb::api
