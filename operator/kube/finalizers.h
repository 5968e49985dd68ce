// Finalizers: a name in metadata.finalizers that keeps an object from vanishing until its
// controller has cleaned up what the garbage collector cannot see.
//
//   switch (NextStep(object, kFinalizer)) {
//     case FinalizerStep::kAdd:      return AddFinalizer(client, Backends(), object, kFinalizer);
//     case FinalizerStep::kClean:    …remove what is outside…
//                                    return RemoveFinalizer(client, Backends(), object,
//                                    kFinalizer);
//     case FinalizerStep::kNothing:  return {};
//     case FinalizerStep::kGoOn:     …
//   }
//
// Guarantees: a finalizer is added to the incarnation that was looked at, never to one that is
// being deleted or to the next one of that name; nobody else's finalizer is touched, whoever else
// changes the list meanwhile; no write if there is nothing to change.
// Assumes: it is added before the first effect outside, and cleaning up may run twice.
// Caveat: an object whose controller is gone for good hangs in deletion.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/client.h"

namespace sb::kube {

enum class FinalizerStep {
  kAdd,      // live, without it: add it, and do nothing else in this pass
  kGoOn,     // live, with it
  kClean,    // being deleted, with it: clean up, then remove it
  kNothing,  // being deleted, without it: it is no longer ours to care for
};

// Pure.
FinalizerStep NextStep(const Json& object, std::string_view finalizer);
bool HasFinalizer(const Json& object, std::string_view finalizer);
bool IsBeingDeleted(const Json& object);

// Both take the object as last read and return it as it is now. They read it again and try again
// when somebody was faster, a few times: then kConflict. kInvalidArgument: the name is not
// qualified ("example.com/clean-up"), as the API server demands for names of others than its own.

// kNotFound: it is gone, or another one has its name. kConflict: it is being deleted.
Expected<Json> AddFinalizer(const Client& client, const Resource& resource, const Json& object,
                            std::string_view finalizer, const std::string& field_manager = "");
// An object that is gone is success; then the result is the object as it was given.
Expected<Json> RemoveFinalizer(const Client& client, const Resource& resource, const Json& object,
                               std::string_view finalizer, const std::string& field_manager = "");

}  // namespace sb::kube
