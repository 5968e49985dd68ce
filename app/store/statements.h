// Every statement that the service sends, in one list: what a database has to be able to prepare
// before a process is ready. Columns are named, so that a later migration may add some.
#pragma once

#include <span>

#include "app/store/postgres.h"

namespace todo::store {

enum StatementId : std::size_t {
  kPing,
  kUsersByIds,    // $1 ids -> id, username; those that exist, in any order
  kCreateUser,    // $1 username -> id, username
  kCreateTask,    // $1 title, $2 owner -> id, title, completed, owner_id; foreign key violation: no
                  // such owner
  kCreateTasks,   // $1 titles, $2 owners -> the same, a row for each, in any order; all or none
  kTasksOfOwner,  // $1 owner, $2 offset, $3 limit -> id, title, completed, owner_id in id order
  // $1 owners, $2 offsets, $3 limits, a list for each -> the same, and which list it is of, from 1
  kTasksOfOwners,
  kAllTasks,  // $1 offset, $2 limit -> the same

  // Of /v1. A task is id, title, completed, owner_id, version, created_at, updated_at; a user id,
  // username, version, created_at, updated_at; times as RFC 3339. Versions: those that a write may
  // change, unless `any` (1 or 0).
  kV1TaskById,     // $1 id, $2 owner -> task
  kV1Tasks,        // $1 owner, $2 after id, $3 completed (-1: both), $4 title prefix, $5 limit ->
                   // tasks
  kV1CreateTasks,  // $1 titles, $2 completed, $3 owner -> tasks in the order given; all or none
  kV1CreateTasksOnce,  // the same, $4 key, $5 fingerprint, $6 single -> mine, status, location,
                       // body. mine 'f': another has the key right now. No status: nothing was
                       // made, because the key has been used
  kV1EnqueueOnce,  // $1 job id, $2 payload, $3 owner, $4 key, $5 fingerprint, $6 queue, $7 kind ->
                   // as above
  kV1Answered,    // $1 user, $2 key -> fingerprint, status, location, body
  kV1UpdateTask,  // $1 id, $2 owner, $3 title, $4 set title, $5 completed (-1: as it is),
                  // $6 versions, $7 any -> task; all NULL: not one of these versions
  kV1DeleteTask,  // $1 id, $2 owner, $3 versions, $4 any -> id; NULL as above
  kV1CreateUser,  // $1 username, $2 password's hash -> user
  kV1UserById,    // $1 id -> user
  kV1UpdateUser,  // $1 id, $2 username, $3 set username, $4 versions, $5 any -> user; NULL as above
  kV1DeleteUser,  // $1 id, $2 versions, $3 any -> id; NULL as above; with all their tasks

  // $1 id, $2 queue, $3 kind, $4 payload, $5 owner or 0, $6 ms until the relay looks after it -> id
  kCreateJob,
  kJobById,  // $1 id -> id, kind, state, payload, result, error, owner_id, created_at, finished_at
  kCreateWebhook,  // $1 owner, $2 url, $3 events, $4 secret -> webhook; none: he has 20
  kWebhooks,       // $1 owner -> webhooks: id, url, on created, on completed, created_at
  kDeleteWebhook,  // $1 id, $2 owner -> id
  kExportPart,     // $1 job, $2 part -> content
};

std::span<const Statement> Statements();

}  // namespace todo::store
