// Reads from pods and claims why a component is not ready, in words that name the object and the
// fix.
//
// Texts are stable: the same fault gives the same text however often the kubelet retries
// (ErrImagePull and ImagePullBackOff alternate, back-off times grow, pods are replaced), because a
// text that changes is a status write.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"

namespace sb::plan {

// Why something is not ready.
struct Problem {
  std::string reason;   // CamelCase, one of api/conditions.h
  std::string message;  // names the object, what is wrong and what to do
  // True: nothing but a change by the user can help (kstatus "Stalled"). False: it may pass by
  // itself.
  bool stalled = false;
};

using ObjectPtr = std::shared_ptr<const Json>;

// The first fault among `pods`, worst first; nothing if they are only starting. `owner` is how
// messages call the workload: "Deployment todo-api".
std::optional<Problem> DiagnosePods(const std::string& owner, const std::vector<ObjectPtr>& pods);

// Why `claim` is not bound. `storage_classes`: the names that exist, with the default one marked.
struct StorageClassName {
  std::string name;
  bool is_default = false;
};
std::optional<Problem> DiagnoseClaim(const Json& claim,
                                     const std::vector<StorageClassName>& storage_classes);

}  // namespace sb::plan
