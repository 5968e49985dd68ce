// The one function that decides everything: what is wanted and what is there, in; what to do and
// what to tell, out. Pure: no I/O, no clock, no randomness. The controller executes a Plan, the CLI
// prints it, the simulator replays it, tests compare it.
//
//   Plan plan = MakePlan(resource, defaults, observed, now);
//   for (const Action& action : plan.actions) Execute(action);
//
// Idempotent: planning again after any prefix of the actions was executed leads to the same
// objects, so a controller that dies half-way is followed by one that finishes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/time.h"
#include "operator/api/backend.h"
#include "operator/plan/observed.h"

namespace sb::plan {

enum class Verb {
  kApply,   // server-side apply of `object` as `manager`
  kCreate,  // create `object`, never overwrite one that exists (credentials)
  kDelete,  // delete the child if it is still the one that was observed (uid)
};

struct Action {
  Verb verb = Verb::kApply;
  ChildRef child;
  Json object;          // kApply, kCreate: with apiVersion, kind, metadata
  std::string manager;  // kApply: the field manager
  std::string uid;      // kDelete: precondition
};

// An event about the resource; the recorder folds repeats.
struct Event {
  bool warning = false;
  std::string reason;
  std::string note;
};

struct Plan {
  std::vector<Action>
      actions;  // in order; after a failure the later ones of the same child are skipped
  Json status;  // the whole status to be; equal to the present one: nothing to write
  std::vector<Event> events;              // one for each transition from the previous status
  std::optional<Duration> requeue_after;  // what no watch will tell us: look again then
};

// `resource`: the ScalableBackend as read from the server.
Plan MakePlan(const Json& resource, const api::OperatorDefaults& defaults, const Observed& observed,
              WallTime now);

}  // namespace sb::plan
