#include "operator/reconcile/executor.h"

#include <set>
#include <utility>

#include "common/log.h"
#include "operator/api/names.h"
#include "operator/kube/applier.h"
#include "operator/kube/owner_reference.h"
#include "operator/plan/applied.h"
#include "operator/reconcile/kinds.h"

namespace sb::reconcile {
namespace {

// Errors that trying again may mend; the others are told to the user.
bool IsTransient(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnauthenticated:
      return false;
    default:
      return true;
  }
}

// Ours by label, or by the owner reference that `desired` has too: somebody took the labels off,
// and they are put back.
bool IsOurs(const Json& live, const Json& desired, const std::string& backend) {
  if (StringAt(live, {"metadata", "labels", api::kManagedByLabel}) == api::kManagedByValue &&
      StringAt(live, {"metadata", "labels", api::kNameLabel}) == backend) {
    return true;
  }
  const Json* owner = kube::ControllerOf(desired);
  return owner && kube::IsOwnedBy(live, StringAt(*owner, {"uid"}));
}

std::string TakenMessage(const plan::ChildRef& ref, const std::string& backend) {
  return ref.kind + " " + ref.name +
         " exists and belongs to somebody else; rename or delete it, or label it " +
         api::kManagedByLabel + "=" + api::kManagedByValue + " and " + api::kNameLabel + "=" +
         backend + " to hand it over";
}

// The API server's words when a namespace is being deleted (cause NamespaceTerminating).
bool IsNamespaceGoing(const Error& error) {
  return error.code == ErrorCode::kPermissionDenied &&
         error.message.find("because it is being terminated") != std::string::npos;
}

// Whether the live object already is what the action would make it.
bool IsSatisfied(const plan::Action& action, const Json* live) {
  if (action.verb != plan::Verb::kApply || !live) return false;
  if (!plan::IsCurrent(action.object, *live)) return false;
  std::string where;
  if (kube::Covers(action.object, *live, &where)) return true;
  log::Info("child was changed by somebody else; putting it back",
            {{"kind", action.child.kind}, {"name", action.child.name}, {"difference", where}});
  return false;
}

}  // namespace

Outcome Executor::Execute(const kube::ObjectKey& backend, const plan::Plan& plan,
                          const plan::Observed& observed) const {
  Outcome outcome;
  std::set<plan::ChildRef> failed;
  for (const plan::Action& action : plan.actions) {
    const Json* live = observed.Find(action.child.kind, action.child.name);
    if (failed.contains(action.child) || IsSatisfied(action, live)) continue;
    auto done = Perform(backend, action, live != nullptr, outcome);
    if (done) continue;
    if (IsNamespaceGoing(done.error())) {
      outcome.namespace_going = true;
      return outcome;
    }
    failed.insert(action.child);
    log::Warning("write failed", {{"namespace", backend.namespace_},
                                  {"backend", backend.name},
                                  {"kind", action.child.kind},
                                  {"name", action.child.name},
                                  {"code", ToString(done.error().code)},
                                  {"error", done.error().message}});
    if (IsTransient(done.error().code)) {
      outcome.transient = done.error();
    } else {
      outcome.write_errors[action.child] = done.error().message;
    }
  }
  return outcome;
}

Expected<std::optional<std::string>> Executor::HolderOf(const kube::ObjectKey& backend,
                                                        const plan::Action& action) const {
  const plan::ChildRef& ref = action.child;
  auto found = client_.Get(ResourceOf(ref.kind), {backend.namespace_, ref.name});
  if (!found) {
    if (found.error().code == ErrorCode::kNotFound) return std::nullopt;
    return tl::unexpected(found.error());
  }
  if (IsOurs(*found, action.object, backend.name)) return std::nullopt;
  return TakenMessage(ref, backend.name);
}

Expected<void> Executor::Perform(const kube::ObjectKey& backend, const plan::Action& action,
                                 bool exists, Outcome& outcome) const {
  const kube::Resource& resource = ResourceOf(action.child.kind);
  if (action.verb == plan::Verb::kDelete) {
    ++outcome.writes;
    auto gone =
        client_.Delete(resource, {backend.namespace_, action.child.name}, {.uid = action.uid});
    if (!gone && gone.error().code == ErrorCode::kNotFound) return {};
    return gone;
  }
  if (!exists) {
    auto holder = HolderOf(backend, action);
    if (!holder) return tl::unexpected(holder.error());
    if (*holder) {
      outcome.foreign[action.child] = **holder;
      return {};
    }
  }
  ++outcome.writes;
  auto written = action.verb == plan::Verb::kCreate
                     ? client_.Create(resource, action.object, action.manager)
                     : client_.Apply(resource, action.object, {.field_manager = action.manager});
  if (!written) return tl::unexpected(written.error());
  view_.NoteWritten(action.child.kind, *written);
  return {};
}

}  // namespace sb::reconcile
