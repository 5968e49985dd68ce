// Metadata, labels and selectors that every child carries.
#pragma once

#include <string>
#include <string_view>

#include "common/json.h"
#include "operator/api/backend.h"

namespace sb::resources {

// The labels of a child; `component` empty: belongs to the backend as a whole (the Secret). Never
// copies labels of the ScalableBackend: tracking labels of a GitOps tool on a child make that tool
// prune it.
Json Labels(const api::Backend& backend, std::string_view component, std::string_view worker = "");

// The labels that selectors use: scalablebackend.io/* only. Immutable in a Deployment: never add
// one.
Json SelectorLabels(const api::Backend& backend, std::string_view component,
                    std::string_view worker = "");

// Whether the garbage collector removes the child together with the backend.
enum class Lifetime { kOwned, kFollowsDeletionPolicy };

// {name, namespace, labels, ownerReferences?}.
Json ChildMetadata(const api::Backend& backend, std::string name, std::string_view component,
                   std::string_view worker = "", Lifetime lifetime = Lifetime::kOwned);

// Annotations for what outlives the backend: Argo CD neither reports it as extra nor prunes it.
Json KeepOutOfArgo();

}  // namespace sb::resources
