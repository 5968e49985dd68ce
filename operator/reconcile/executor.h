// Carries a plan out, and leaves alone what is already as it should be.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "operator/kube/client.h"
#include "operator/plan/plan.h"
#include "operator/reconcile/cluster_view.h"

namespace sb::reconcile {

// What carrying out came to, in the terms of plan::Observed.
struct Outcome {
  std::map<plan::ChildRef, std::string> foreign;       // names that somebody else holds
  std::map<plan::ChildRef, std::string> write_errors;  // refused by the server: for the status
  std::optional<Error> transient;  // unreachable, throttled, conflict: try again
  bool namespace_going = false;    // nothing can be made there any more
  int writes = 0;
};

class Executor {
 public:
  // All must outlive this.
  Executor(const kube::Client& client, ClusterView& view) : client_(client), view_(view) {}

  // Writes what differs from `observed`, in order. Goes on after a failure, but leaves the rest of
  // that child.
  Outcome Execute(const kube::ObjectKey& backend, const plan::Plan& plan,
                  const plan::Observed& observed) const;

 private:
  Expected<void> Perform(const kube::ObjectKey& backend, const plan::Action& action, bool exists,
                         Outcome& outcome) const;
  // Whether the name of a child that the cache does not know is held by an object that is not ours.
  Expected<std::optional<std::string>> HolderOf(const kube::ObjectKey& backend,
                                                const plan::Action& action) const;

  const kube::Client& client_;
  ClusterView& view_;
};

}  // namespace sb::reconcile
