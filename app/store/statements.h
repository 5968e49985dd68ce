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
  kAllTasks,      // $1 offset, $2 limit -> the same
};

std::span<const Statement> Statements();

}  // namespace todo::store
