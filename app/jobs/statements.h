// The statements of workers and of `todo jobs`, each in a transaction of its own. What the API
// sends about jobs is in app/store/statements.h.
#pragma once

#include <span>

#include "app/store/postgres.h"

namespace todo::jobs {

enum JobStatement : std::size_t {
  // $1 id, $2 worker, $3 lease in ms, $4 grace in ms -> kind, payload, attempts, owner; none: not
  // to be run now.
  kBegin,
  kStateOf,  // $1 id -> state, ms until it may be tried
  // $1 ids, $2 worker, $3 lease in ms, $4 grace in ms -> id of those that are ours still
  kExtend,
  kFinish,     // $1 id, $2 worker, $3 result -> id
  kRetry,      // $1 id, $2 worker, $3 error, $4 delay in ms, $5 grace in ms -> id
  kHandBack,   // $1 id, $2 worker, $3 grace in ms -> id
  kBury,       // $1 id, $2 worker, $3 error -> id
  kDue,        // $1 queue, $2 most, $3 ms until they come again -> id, kind
  kPostpone,   // $1 ids, $2 ms
  kNewRun,     // $1 queue, $2 run id -> how many jobs are handed over again
  kForgetOld,  // $1 most
  kDead,       // $1 queue, $2 most -> id, kind, payload, attempts, error, finished_at; latest first
  kReviveDead,   // $1 id -> id
  kDropDead,     // $1 id -> id
  kTasksPage,    // $1 owner, $2 id after which, $3 most -> id, title, completed, owner_id
  kPutPart,      // $1 job, $2 part, $3 content, $4 worker
  kForgetParts,  // $1 job, $2 worker
  // $1 job, $2 worker, $3 owner, $4 titles, $5 completed ("t" or "f") -> id of the job, which is
  // done in the transaction that makes the tasks; none: it is not ours.
  kBulkTasks,
  kWebhookById,  // $1 id -> url, secret
};

std::span<const store::Statement> Statements();

}  // namespace todo::jobs
