#include "app/store/statements.h"

#include <array>

namespace todo::store {

std::span<const Statement> Statements() {
  // In the order of StatementId.
  static constexpr std::array<Statement, 7> kStatements = {{
      {"ping", "SELECT 1"},
      {"users_by_ids", "SELECT id, username FROM users WHERE id = ANY($1::bigint[])"},
      {"create_user", "INSERT INTO users (username) VALUES ($1::text) RETURNING id, username",
       true},
      {"create_task",
       "INSERT INTO tasks (title, owner_id) VALUES ($1::text, $2::bigint)"
       " RETURNING id, title, completed, owner_id",
       true},
      {"create_tasks",
       "INSERT INTO tasks (title, owner_id) SELECT * FROM unnest($1::text[], $2::bigint[])"
       " RETURNING id, title, completed, owner_id",
       true},
      {"tasks_of_owner",
       "SELECT id, title, completed, owner_id FROM tasks WHERE owner_id = $1::bigint"
       " ORDER BY id OFFSET $2::bigint LIMIT $3::bigint"},
      {"all_tasks",
       "SELECT id, title, completed, owner_id FROM tasks"
       " ORDER BY id OFFSET $1::bigint LIMIT $2::bigint"},
  }};
  return kStatements;
}

}  // namespace todo::store
