#include "operator/kube/projection.h"

#include <algorithm>

namespace sb::kube {
namespace {

std::string Unescaped(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (!escape) {
      name += token[i];
    } else {
      name += token[++i] == '1' ? '/' : '~';
    }
  }
  return name;
}

}  // namespace

Projection::Projection(Action root) {
  nodes_.push_back({.action = root});
  for (const char* identity : {"/apiVersion", "/kind", "/metadata/namespace", "/metadata/name",
                               "/metadata/uid", "/metadata/resourceVersion"}) {
    Set(identity, Action::kKeep);
  }
}

Projection& Projection::Set(std::string_view pointer, Action action) {
  Node node = kRoot;
  while (!pointer.empty()) {
    if (action != Action::kDrop) nodes_[node].keeps_below = true;
    pointer.remove_prefix(1);  // '/'
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    node = Child(node, pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  nodes_[node].action = action;
  return *this;
}

Projection::Node Projection::Child(Node node, std::string_view token) {
  const Node fresh = static_cast<Node>(nodes_.size());
  if (token == "*") {
    if (nodes_[node].any == kNoNode) {
      nodes_[node].any = fresh;
      nodes_.emplace_back();
    }
    return nodes_[node].any;
  }
  const std::string name = Unescaped(token);
  for (const auto& [known, child] : nodes_[node].members) {
    if (known == name) return child;
  }
  nodes_[node].members.emplace_back(name, fresh);
  nodes_.emplace_back();
  return fresh;
}

Projection::Node Projection::Below(Node node, std::string_view name) const {
  const Rules& rules = nodes_[node];
  for (const auto& [known, child] : rules.members) {
    if (known == name) return child;
  }
  return rules.any;
}

Projection WithoutNoise() {
  return Projection::Everything()
      .Drop("/metadata/managedFields")
      .Drop("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
}

}  // namespace sb::kube
