#include "operator/kube/finalizers.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "operator/kube/qualified_name.h"

namespace sb::kube {
namespace {

constexpr int kTries = 5;

const Json& FinalizersOf(const Json& object) {
  static const Json kNone = Json::array();
  const Json* list = Find(object, {"metadata", "finalizers"});
  return list && list->is_array() ? *list : kNone;
}

// The position of `finalizer`, if it is there.
std::optional<std::size_t> PositionOf(const Json& object, std::string_view finalizer) {
  const Json& list = FinalizersOf(object);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_string() && list[i].get_ref<const std::string&>() == finalizer) return i;
  }
  return std::nullopt;
}

Json Test(const std::string& path, const Json& value) {
  return {{"op", "test"}, {"path", path}, {"value", value}};
}

// Operations that hold for this incarnation only.
Json PatchFor(const Json& object) { return Json::array({Test("/metadata/uid", UidOf(object))}); }

Json Adding(const Json& object, std::string_view finalizer) {
  Json patch = PatchFor(object);
  const Json& list = FinalizersOf(object);
  if (list.empty()) {
    // No list to test: its absence can only be pinned by the version. Replacing it by itself makes
    // the server compare it (409), and changes nothing.
    patch.push_back({{"op", "replace"},
                     {"path", "/metadata/resourceVersion"},
                     {"value", ResourceVersionOf(object)}});
    patch.push_back({{"op", "add"},
                     {"path", "/metadata/finalizers"},
                     {"value", Json::array({std::string(finalizer)})}});
  } else {
    patch.push_back(Test("/metadata/finalizers", list));
    patch.push_back(
        {{"op", "add"}, {"path", "/metadata/finalizers/-"}, {"value", std::string(finalizer)}});
  }
  return patch;
}

Json Removing(const Json& object, std::string_view finalizer, std::size_t position) {
  // The test pins the position: somebody may have removed one before it.
  const std::string path = "/metadata/finalizers/" + std::to_string(position);
  Json patch = PatchFor(object);
  patch.push_back(Test(path, std::string(finalizer)));
  patch.push_back({{"op", "remove"}, {"path", path}});
  return patch;
}

std::string Describe(const char* verb, const Resource& resource, const Json& object,
                     std::string_view finalizer) {
  return std::string(verb) + " finalizer " + std::string(finalizer) + " of " + resource.kind + " " +
         KeyOf(object).ToString();
}

// Somebody changed the object since it was read: a failed test is answered with 422.
bool WasOutrun(ErrorCode code) {
  return code == ErrorCode::kConflict || code == ErrorCode::kInvalidArgument;
}

// Patches until it works. `next` gives the patch for the object as it is, nothing if there is none
// to do, or an error to end with.
Expected<Json> PatchUntilDone(
    const Client& client, const Resource& resource, Json object, const std::string& field_manager,
    const std::function<Expected<std::optional<Json>>(const Json&)>& next) {
  const std::string uid = UidOf(object);
  for (int attempt = 1;; ++attempt) {
    auto patch = next(object);
    if (!patch) return tl::unexpected(std::move(patch.error()));
    if (!*patch) return object;
    auto patched =
        client.JsonPatch(resource, KeyOf(object), **patch, {.field_manager = field_manager});
    if (patched || !WasOutrun(patched.error().code)) return patched;
    if (attempt == kTries) {
      patched.error().code = ErrorCode::kConflict;
      return patched;
    }
    auto again = client.Get(resource, KeyOf(object));
    if (!again) return again;
    // Nobody was faster: it is the patch itself that the server does not like.
    const bool unchanged = ResourceVersionOf(*again) == ResourceVersionOf(object);
    if (unchanged && patched.error().code == ErrorCode::kInvalidArgument) return patched;
    if (UidOf(*again) != uid) {
      return Fail(ErrorCode::kNotFound, resource.kind + " " + KeyOf(object).ToString() +
                                            ": another object has this name now");
    }
    object = std::move(*again);
  }
}

}  // namespace

bool HasFinalizer(const Json& object, std::string_view finalizer) {
  return PositionOf(object, finalizer).has_value();
}

bool IsBeingDeleted(const Json& object) {
  return !StringAt(object, {"metadata", "deletionTimestamp"}).empty();
}

FinalizerStep NextStep(const Json& object, std::string_view finalizer) {
  const bool has = HasFinalizer(object, finalizer);
  if (IsBeingDeleted(object)) return has ? FinalizerStep::kClean : FinalizerStep::kNothing;
  return has ? FinalizerStep::kGoOn : FinalizerStep::kAdd;
}

Expected<Json> AddFinalizer(const Client& client, const Resource& resource, const Json& object,
                            std::string_view finalizer, const std::string& field_manager) {
  const std::string what = Describe("add", resource, object, finalizer);
  if (auto wrong = WhyNotQualified(finalizer)) {
    return Fail(ErrorCode::kInvalidArgument, what + ": " + *wrong);
  }
  return PatchUntilDone(client, resource, object, field_manager,
                        [&](const Json& now) -> Expected<std::optional<Json>> {
                          if (HasFinalizer(now, finalizer)) return std::nullopt;
                          if (IsBeingDeleted(now)) {
                            return Fail(ErrorCode::kConflict, what + ": it is being deleted");
                          }
                          return Adding(now, finalizer);
                        });
}

Expected<Json> RemoveFinalizer(const Client& client, const Resource& resource, const Json& object,
                               std::string_view finalizer, const std::string& field_manager) {
  if (auto wrong = WhyNotQualified(finalizer)) {
    return Fail(ErrorCode::kInvalidArgument,
                Describe("remove", resource, object, finalizer) + ": " + *wrong);
  }
  auto removed = PatchUntilDone(client, resource, object, field_manager,
                                [&](const Json& now) -> Expected<std::optional<Json>> {
                                  const auto position = PositionOf(now, finalizer);
                                  if (!position) return std::nullopt;
                                  return Removing(now, finalizer, *position);
                                });
  if (!removed && removed.error().code == ErrorCode::kNotFound) return object;
  return removed;
}

}  // namespace sb::kube
