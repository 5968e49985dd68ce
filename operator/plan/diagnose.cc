#include "operator/plan/diagnose.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "operator/api/conditions.h"

namespace sb::plan {
namespace {

constexpr std::array<std::string_view, 4> kPullReasons = {
    "ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"};
constexpr std::size_t kMaxQuoted = 300;

bool IsOneOf(std::string_view text, const auto& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// The end of a container's own last words: the last line says what went wrong.
std::string LastWords(const Json& terminated) {
  std::string text = StringAt(terminated, {"message"});
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (auto line = text.rfind('\n'); line != std::string::npos) text.erase(0, line + 1);
  if (text.size() > kMaxQuoted) text.resize(kMaxQuoted);
  return text;
}

std::string Exit(const Json& terminated) {
  std::string text;
  if (StringAt(terminated, {"reason"}) == "OOMKilled") {
    text = "was killed for lack of memory; raise resources.limits.memory";
  } else {
    text = "exits with code " + std::to_string(IntAt(terminated, {"exitCode"}));
  }
  const std::string words = LastWords(terminated);
  return words.empty() ? text : text + ": " + words;
}

std::optional<Problem> Waiting(const std::string& owner, const Json& container) {
  const std::string reason = StringAt(container, {"state", "waiting", "reason"});
  const std::string image = StringAt(container, {"image"});
  if (reason == "InvalidImageName") {
    return Problem{api::reason::kImagePullFailed,
                   owner + ": \"" + image + "\" is not an image name; correct spec.image", true};
  }
  if (IsOneOf(reason, kPullReasons)) {
    return Problem{api::reason::kImagePullFailed,
                   owner + ": image \"" + image +
                       "\" cannot be pulled; check its name and tag, that the nodes reach the "
                       "registry, and imagePullSecrets",
                   true};
  }
  if (reason == "CreateContainerConfigError" || reason == "CreateContainerError") {
    return Problem{api::reason::kContainerFailing,
                   owner + ": container \"" + StringAt(container, {"name"}) +
                       "\" cannot be made: " + StringAt(container, {"state", "waiting", "message"}),
                   true};
  }
  return std::nullopt;
}

std::optional<Problem> Crashing(const std::string& owner, const Json& container) {
  if (BoolAt(container, {"ready"})) return std::nullopt;
  const Json* ended = Find(container, {"state", "terminated"});
  if (!ended) ended = Find(container, {"lastState", "terminated"});
  if (!ended) return std::nullopt;
  if (IntAt(*ended, {"exitCode"}) == 0 && StringAt(*ended, {"reason"}) != "OOMKilled") {
    return std::nullopt;
  }
  return Problem{api::reason::kContainerFailing,
                 owner + ": container \"" + StringAt(container, {"name"}) + "\" " + Exit(*ended) +
                     "; see its logs",
                 false};
}

std::optional<Problem> Unschedulable(const std::string& owner, const Json& pod) {
  const Json* conditions = Find(pod, {"status", "conditions"});
  if (!conditions || !conditions->is_array()) return std::nullopt;
  for (const Json& condition : *conditions) {
    if (StringAt(condition, {"type"}) != "PodScheduled" ||
        StringAt(condition, {"status"}) != "False" ||
        StringAt(condition, {"reason"}) != "Unschedulable") {
      continue;
    }
    // Node counts in the scheduler's text change with the cluster; its first clause says enough.
    std::string why = StringAt(condition, {"message"});
    if (auto end = why.find(". "); end != std::string::npos) why.resize(end);
    return Problem{api::reason::kUnschedulable,
                   owner + ": no node can take another pod (" + why +
                       "); add nodes or lower resources.requests",
                   false};
  }
  return std::nullopt;
}

std::vector<const Json*> Containers(const Json& pod) {
  std::vector<const Json*> found;
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json* statuses = Find(pod, {"status", list});
    if (!statuses || !statuses->is_array()) continue;
    for (const Json& status : *statuses) found.push_back(&status);
  }
  return found;
}

using Check = std::optional<Problem> (*)(const std::string&, const Json&);

std::optional<Problem> FirstOf(const std::string& owner, const std::vector<ObjectPtr>& pods,
                               Check check) {
  for (const ObjectPtr& pod : pods) {
    if (Find(*pod, {"metadata", "deletionTimestamp"})) continue;
    for (const Json* container : Containers(*pod)) {
      if (auto problem = check(owner, *container)) return problem;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> DiagnosePods(const std::string& owner, const std::vector<ObjectPtr>& pods) {
  if (auto problem = FirstOf(owner, pods, Waiting)) return problem;
  if (auto problem = FirstOf(owner, pods, Crashing)) return problem;
  for (const ObjectPtr& pod : pods) {
    if (auto problem = Unschedulable(owner, *pod)) return problem;
  }
  return std::nullopt;
}

std::optional<Problem> DiagnoseClaim(const Json& claim,
                                     const std::vector<StorageClassName>& storage_classes) {
  const std::string phase = StringAt(claim, {"status", "phase"});
  if (phase == "Bound") return std::nullopt;
  const std::string name = "PersistentVolumeClaim " + StringAt(claim, {"metadata", "name"});
  if (phase == "Lost") {
    return Problem{api::reason::kStoragePending,
                   name + ": its volume is gone; restore the PersistentVolume", true};
  }
  std::string known;
  for (const StorageClassName& other : storage_classes) {
    known += (known.empty() ? "" : ", ") + other.name;
  }
  const std::string wanted = StringAt(claim, {"spec", "storageClassName"});
  if (wanted.empty()) {
    const bool has_default = std::any_of(storage_classes.begin(), storage_classes.end(),
                                         [](const auto& other) { return other.is_default; });
    if (has_default) return std::nullopt;
    return Problem{
        api::reason::kStorageClassMissing,
        name +
            ": the cluster has no default StorageClass; mark one as default or name one in "
            "storage.storageClassName (there are: " +
            (known.empty() ? "none" : known) + ")",
        true};
  }
  const bool exists = std::any_of(storage_classes.begin(), storage_classes.end(),
                                  [&](const auto& other) { return other.name == wanted; });
  if (exists) return std::nullopt;
  return Problem{
      api::reason::kStorageClassMissing,
      name + ": StorageClass \"" + wanted +
          "\" does not exist; create it, or delete this resource and apply it again with "
          "another storage.storageClassName (there are: " +
          (known.empty() ? "none" : known) + ")",
      true};
}

}  // namespace sb::plan
