// What of a kind's objects is kept in the cache. Applied while an object is decoded, so what is
// dropped never takes memory.
//
//   Projection::Everything().Drop("/metadata/managedFields")
//   Projection::Nothing().Keep("/metadata/labels").Keep("/status/phase")
//   Projection::Everything().Redact("/data")                        // Secrets: the keys, no value
//
// Paths are JSON pointers (RFC 6901: ~1 is a '/' inside a name); "*" stands for any member or
// element. The longest path that matches decides. What identifies an object (apiVersion, kind, and
// namespace, name, uid and resourceVersion of its metadata) is always kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sb::kube {

class Projection {
 public:
  enum class Action : std::uint8_t { kInherit, kKeep, kDrop, kRedact };
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNoNode = ~Node{0};

  static Projection Everything() { return Projection(Action::kKeep); }
  static Projection Nothing() { return Projection(Action::kDrop); }

  Projection& Keep(std::string_view pointer) { return Set(pointer, Action::kKeep); }
  Projection& Drop(std::string_view pointer) { return Set(pointer, Action::kDrop); }
  // Every scalar below becomes "-", but for "" and null.
  Projection& Redact(std::string_view pointer) { return Set(pointer, Action::kRedact); }

  // For the decoder, which walks an object and this tree side by side.
  Action RootAction() const { return nodes_[kRoot].action; }
  // The rules for a member of an object that `node` is about; kNoNode: none of its own.
  Node Below(Node node, std::string_view name) const;
  Node BelowAny(Node node) const { return nodes_[node].any; }
  Action ActionAt(Node node, Action inherited) const {
    const Action own = nodes_[node].action;
    return own == Action::kInherit ? inherited : own;
  }
  // Something below `node` is kept, even if what it is about is dropped.
  bool KeepsBelow(Node node) const { return nodes_[node].keeps_below; }

 private:
  struct Rules {
    Action action = Action::kInherit;
    bool keeps_below = false;
    Node any = kNoNode;
    std::vector<std::pair<std::string, Node>> members;
  };

  explicit Projection(Action root);
  Projection& Set(std::string_view pointer, Action action);
  Node Child(Node node, std::string_view name);

  std::vector<Rules> nodes_;
};

// Everything but what nobody reads: metadata.managedFields and the annotation
// kubectl.kubernetes.io/last-applied-configuration.
Projection WithoutNoise();

}  // namespace sb::kube
