#include "app/store/statements.h"

namespace todo::store {
namespace {

// NOLINTBEGIN: macros, because string literals of constants cannot be joined otherwise.
#define TODO_TIME(column) \
  "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define TODO_TASK(t)                                        \
  t ".id, " t ".title, " t ".completed, " t ".owner_id, " t \
    ".version, " TODO_TIME(t ".created_at") ", " TODO_TIME(t ".updated_at")
#define TODO_USER(u)          \
  u ".id, " u ".username, " u \
    ".version, " TODO_TIME(u ".created_at") ", " TODO_TIME(u ".updated_at")
// NOLINTEND

// Key, tasks and the answer to them in one transaction. Whoever finds the key's lock taken does not
// wait, for it would hold up everybody behind it in the pipeline. The ids are drawn first, so that
// the answer can be stored before the rows: then a key that was used a moment ago, by a transaction
// that this one's snapshot does not see, makes nothing at all instead of failing half-way.
constexpr const char* kCreateTasksOnceSql =
    "WITH turn AS MATERIALIZED ("
    "  SELECT pg_try_advisory_xact_lock(hashtextextended($4::text, $3::bigint)) AS mine),"
    " wanted AS MATERIALIZED ("
    "  SELECT nextval(pg_get_serial_sequence('tasks', 'id')) AS id, t.title, t.completed, t.n"
    "  FROM turn, unnest($1::text[], $2::boolean[]) WITH ORDINALITY AS t (title, completed, n)"
    "  WHERE turn.mine AND NOT EXISTS ("
    "   SELECT FROM idempotency_keys k WHERE k.user_id = $3::bigint AND k.key = $4::text"
    "   AND k.created_at > now() - interval '24 hours')),"
    " answer AS (SELECT min(id) AS id, string_agg(json_build_object("
    "   'id', id, 'title', title, 'completed', completed, 'owner_id', $3::bigint, 'version', 1,"
    "   'created_at', " TODO_TIME("now()") ", 'updated_at', " TODO_TIME("now()") ")::text, ','"
    "   ORDER BY n) AS items FROM wanted HAVING count(*) > 0),"
    " claimed AS (INSERT INTO idempotency_keys AS k"
    "   (user_id, key, fingerprint, status, location, body)"
    "  SELECT $3::bigint, $4::text, $5::text, 201,"
    "   CASE WHEN $6::bigint = 1 THEN '/v1/tasks/' || id ELSE '' END,"
    "   CASE WHEN $6::bigint = 1 THEN items ELSE '{\"items\":[' || items || ']}' END FROM answer"
    "  ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
    "   status = excluded.status, location = excluded.location, body = excluded.body,"
    "   created_at = now()"
    "  WHERE k.created_at <= now() - interval '24 hours'"
    "  RETURNING status, location, body),"
    " made AS (INSERT INTO tasks (id, title, completed, owner_id)"
    "  SELECT w.id, w.title, w.completed, $3::bigint FROM wanted w, claimed),"
    " purged AS (DELETE FROM idempotency_keys WHERE (user_id, key) IN ("
    "  SELECT user_id, key FROM idempotency_keys"
    "  WHERE created_at <= now() - interval '24 hours'"
    "   AND (user_id, key) <> ($3::bigint, $4::text)"
    "  ORDER BY created_at LIMIT 2 FOR UPDATE SKIP LOCKED))"
    " SELECT turn.mine, claimed.status, claimed.location, claimed.body"
    " FROM turn LEFT JOIN claimed ON true";

// The same for a job: queued, and found by the workers' relay.
constexpr const char* kEnqueueOnceSql =
    "WITH turn AS MATERIALIZED ("
    "  SELECT pg_try_advisory_xact_lock(hashtextextended($4::text, $3::bigint)) AS mine),"
    " claimed AS (INSERT INTO idempotency_keys AS k"
    "   (user_id, key, fingerprint, status, location, body)"
    "  SELECT $3::bigint, $4::text, $5::text, 202, '/v1/jobs/' || $1::text,"
    "   '{\"id\":\"' || $1::text || '\",\"status_url\":\"/v1/jobs/' || $1::text || '\"}'"
    "  FROM turn WHERE mine"
    "  ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
    "   status = excluded.status, location = excluded.location, body = excluded.body,"
    "   created_at = now()"
    "  WHERE k.created_at <= now() - interval '24 hours'"
    "  RETURNING status, location, body),"
    " made AS (INSERT INTO jobs (id, queue, kind, payload, owner_id)"
    "  SELECT $1::text, $6::text, $7::text, $2::text::json, $3::bigint FROM claimed)"
    " SELECT turn.mine, claimed.status, claimed.location, claimed.body"
    " FROM turn LEFT JOIN claimed ON true";

}  // namespace

std::span<const Statement> Statements() {
  // In the order of StatementId.
  static constexpr Statement kStatements[] = {
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
      {"tasks_of_owners",
       "SELECT t.id, t.title, t.completed, t.owner_id, page.list"
       " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])"
       "  WITH ORDINALITY AS page (owner, skip, most, list)"
       " CROSS JOIN LATERAL (SELECT id, title, completed, owner_id FROM tasks"
       "  WHERE owner_id = page.owner ORDER BY id OFFSET page.skip LIMIT page.most) t"},
      {"all_tasks",
       "SELECT id, title, completed, owner_id FROM tasks"
       " ORDER BY id OFFSET $1::bigint LIMIT $2::bigint"},
      {"v1_task_by_id",
       "SELECT " TODO_TASK(
           "t") " FROM tasks t WHERE t.id = $1::bigint AND t.owner_id = $2::bigint"},
      {"v1_tasks", "SELECT " TODO_TASK(
                       "t") " FROM tasks t WHERE t.owner_id = $1::bigint AND t.id > $2::bigint"
                            " AND ($3::bigint = -1 OR t.completed = ($3::bigint = 1))"
                            " AND starts_with(t.title, $4::text) ORDER BY t.id LIMIT $5::bigint"},
      {"v1_create_tasks",
       "WITH made AS (INSERT INTO tasks AS t (title, completed, owner_id)"
       " SELECT n.title, n.completed, $3::bigint"
       " FROM unnest($1::text[], $2::boolean[]) WITH ORDINALITY AS n (title, completed, n)"
       " ORDER BY n.n RETURNING " TODO_TASK("t") ") SELECT * FROM made ORDER BY id",
       true},
      {"v1_create_tasks_once", kCreateTasksOnceSql, true},
      {"v1_enqueue_once", kEnqueueOnceSql, true},
      // Right after a write, so never from a replica.
      {"v1_answered",
       "SELECT fingerprint, status, location, body FROM idempotency_keys"
       " WHERE user_id = $1::bigint AND key = $2::text"
       " AND created_at > now() - interval '24 hours'",
       true},
      {"v1_update_task",
       "WITH found AS (SELECT id FROM tasks WHERE id = $1::bigint AND owner_id = $2::bigint),"
       " changed AS (UPDATE tasks AS t SET"
       "  title = CASE WHEN $4::bigint = 1 THEN $3::text ELSE t.title END,"
       "  completed = CASE WHEN $5::bigint = -1 THEN t.completed ELSE $5::bigint = 1 END,"
       "  version = t.version + 1, updated_at = now()"
       "  WHERE t.id = $1::bigint AND t.owner_id = $2::bigint"
       "   AND ($7::bigint = 1 OR t.version = ANY ($6::bigint[]))"
       "  RETURNING " TODO_TASK("t") ")"
                                     " SELECT changed.* FROM found LEFT JOIN changed ON true",
       true},
      {"v1_delete_task",
       "WITH found AS (SELECT id FROM tasks WHERE id = $1::bigint AND owner_id = $2::bigint),"
       " gone AS (DELETE FROM tasks t WHERE t.id = $1::bigint AND t.owner_id = $2::bigint"
       "  AND ($4::bigint = 1 OR t.version = ANY ($3::bigint[])) RETURNING t.id)"
       " SELECT gone.id FROM found LEFT JOIN gone ON true",
       true},
      {"v1_create_user",
       "INSERT INTO users AS u (username, password_hash) VALUES ($1::text, $2::text) "
       "RETURNING " TODO_USER("u"),
       true},
      {"v1_user_by_id", "SELECT " TODO_USER("u") " FROM users u WHERE u.id = $1::bigint"},
      {"v1_update_user",
       "WITH found AS (SELECT id FROM users WHERE id = $1::bigint),"
       " changed AS (UPDATE users AS u SET"
       "  username = CASE WHEN $3::bigint = 1 THEN $2::text ELSE u.username END,"
       "  version = u.version + 1, updated_at = now()"
       "  WHERE u.id = $1::bigint AND ($5::bigint = 1 OR u.version = ANY ($4::bigint[]))"
       "  RETURNING " TODO_USER("u") ")"
                                     " SELECT changed.* FROM found LEFT JOIN changed ON true",
       true},
      // The row is locked first, so that of two at once the later one finds nothing; foreign keys
      // are checked when the statement ends, in whatever order the two deletes ran.
      {"v1_delete_user",
       "WITH found AS MATERIALIZED (SELECT id, version FROM users WHERE id = $1::bigint FOR "
       "UPDATE),"
       " going AS (SELECT id FROM found WHERE $3::bigint = 1 OR version = ANY ($2::bigint[])),"
       " tasks_gone AS (DELETE FROM tasks t USING going WHERE t.owner_id = going.id),"
       " gone AS (DELETE FROM users u USING going WHERE u.id = going.id RETURNING u.id)"
       " SELECT gone.id FROM found LEFT JOIN gone ON true",
       true},

      {"create_job",
       "INSERT INTO jobs (id, queue, kind, payload, owner_id, relay_at)"
       " VALUES ($1::text, $2::text, $3::text, $4::text::json, nullif($5::bigint, 0),"
       " now() + $6::bigint * interval '1 ms') RETURNING id",
       true},
      {"job_by_id",
       "SELECT id, kind, state, payload, result, error, owner_id, " TODO_TIME(
           "created_at") " AS created_at, " TODO_TIME("finished_at") " AS finished_at"
                                                                     " FROM jobs WHERE id = "
                                                                     "$1::text"},
      {"create_webhook",
       "INSERT INTO webhooks (owner_id, url, events, secret)"
       " SELECT $1::bigint, $2::text, $3::text[], $4::text"
       " WHERE (SELECT count(*) FROM webhooks WHERE owner_id = $1::bigint) < 20"
       " RETURNING id, url, 'task.created' = ANY (events), 'task.completed' = ANY "
       "(events), " TODO_TIME("created_at"),
       true},
      {"webhooks",
       "SELECT id, url, 'task.created' = ANY (events), 'task.completed' = ANY (events), " TODO_TIME(
           "created_at") " FROM webhooks WHERE owner_id = $1::bigint ORDER BY id"},
      {"delete_webhook",
       "DELETE FROM webhooks WHERE id = $1::bigint AND owner_id = $2::bigint RETURNING id", true},
      {"export_part",
       "SELECT content FROM export_parts WHERE job_id = $1::text AND part = $2::bigint"},
  };
  return kStatements;
}

#undef TODO_TIME
#undef TODO_TASK
#undef TODO_USER

}  // namespace todo::store
