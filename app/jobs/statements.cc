#include "app/jobs/statements.h"

#include <array>

namespace todo::jobs {

std::span<const store::Statement> Statements() {
  // In the order of JobStatement. A running job is due for the relay only after its lease, so that
  // nobody hands over what is in good hands.
  static constexpr std::array<store::Statement, 19> kStatements = {{
      {"job_begin",
       "UPDATE jobs SET state = 'running', worker = $2::text, attempts = attempts + 1,"
       " lease_until = now() + $3::bigint * interval '1 ms',"
       " relay_at = now() + ($3::bigint + $4::bigint) * interval '1 ms'"
       " WHERE id = $1::text AND (state = 'queued' AND due_at <= now() OR state = 'running'"
       " AND (lease_until <= now() OR worker = $2::text))"
       " RETURNING kind, payload, attempts, owner_id",
       true},
      {"job_state_of",
       "SELECT state, greatest(0, extract(epoch FROM CASE state WHEN 'running' THEN lease_until"
       " ELSE due_at END - now()) * 1000)::bigint FROM jobs WHERE id = $1::text"},
      {"job_extend",
       "UPDATE jobs SET lease_until = now() + $3::bigint * interval '1 ms',"
       " relay_at = now() + ($3::bigint + $4::bigint) * interval '1 ms'"
       " WHERE id = ANY($1::text[]) AND worker = $2::text AND state = 'running' RETURNING id",
       true},
      {"job_finish",
       "UPDATE jobs SET state = 'done', result = $3::text::json, error = NULL, relay_at = NULL,"
       " lease_until = NULL, finished_at = now()"
       " WHERE id = $1::text AND worker = $2::text AND state = 'running' RETURNING id",
       true},
      {"job_retry",
       "UPDATE jobs SET state = 'queued', error = $3::text, worker = NULL, lease_until = NULL,"
       " due_at = now() + $4::bigint * interval '1 ms',"
       " relay_at = now() + ($4::bigint + $5::bigint) * interval '1 ms'"
       " WHERE id = $1::text AND worker = $2::text AND state = 'running' RETURNING id",
       true},
      {"job_hand_back",
       "UPDATE jobs SET state = 'queued', attempts = attempts - 1, worker = NULL,"
       " lease_until = NULL, relay_at = now() + $3::bigint * interval '1 ms'"
       " WHERE id = $1::text AND worker = $2::text AND state = 'running' RETURNING id",
       true},
      {"job_bury",
       "UPDATE jobs SET state = 'dead', error = $3::text, relay_at = NULL, lease_until = NULL,"
       " finished_at = now()"
       " WHERE id = $1::text AND worker = $2::text AND state = 'running' RETURNING id",
       true},
      {"job_due",
       "UPDATE jobs SET relay_at = now() + $3::bigint * interval '1 ms' WHERE id IN"
       " (SELECT id FROM jobs WHERE queue = $1::text AND relay_at <= now()"
       " ORDER BY relay_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) RETURNING id, kind",
       true},
      {"job_postpone",
       "UPDATE jobs SET relay_at = now() + $2::bigint * interval '1 ms'"
       " WHERE id = ANY($1::text[]) AND relay_at IS NOT NULL AND state = 'queued'",
       true},
      {"job_new_run",
       "WITH changed AS (INSERT INTO job_queues AS q (queue, redis_run_id)"
       " VALUES ($1::text, $2::text) ON CONFLICT (queue) DO UPDATE SET redis_run_id = $2::text"
       " WHERE q.redis_run_id <> $2::text RETURNING 1),"
       " again AS (UPDATE jobs SET relay_at = now() WHERE queue = $1::text"
       " AND relay_at IS NOT NULL AND state = 'queued' AND EXISTS (SELECT FROM changed)"
       " RETURNING 1) SELECT count(*) FROM again",
       true},
      {"job_forget_old",
       "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE"
       " finished_at < now() - CASE state WHEN 'dead' THEN interval '30 days'"
       " ELSE interval '7 days' END AND finished_at < now() - interval '7 days'"
       " LIMIT $1::bigint)",
       true},
      {"job_dead",
       "SELECT id, kind, payload, attempts, error, to_char(finished_at AT TIME ZONE 'UTC',"
       " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM jobs"
       " WHERE queue = $1::text AND state = 'dead' ORDER BY finished_at DESC LIMIT $2::bigint"},
      {"job_revive",
       "UPDATE jobs SET state = 'queued', attempts = 0, due_at = now(), relay_at = now(),"
       " worker = NULL, finished_at = NULL WHERE id = $1::text AND state = 'dead' RETURNING id",
       true},
      {"job_drop",
       "UPDATE jobs SET state = 'dropped', finished_at = now()"
       " WHERE id = $1::text AND state = 'dead' RETURNING id",
       true},
      {"job_tasks_page",
       "SELECT id, title, completed, owner_id FROM tasks WHERE owner_id = $1::bigint"
       " AND id > $2::bigint ORDER BY id LIMIT $3::bigint"},
      {"job_put_part",
       "INSERT INTO export_parts (job_id, part, content) SELECT $1::text, $2::bigint::integer,"
       " $3::text FROM jobs WHERE id = $1::text AND worker = $4::text AND state = 'running'"
       " ON CONFLICT (job_id, part) DO UPDATE SET content = EXCLUDED.content RETURNING part",
       true},
      {"job_forget_parts",
       "DELETE FROM export_parts WHERE job_id = $1::text AND EXISTS (SELECT FROM jobs"
       " WHERE id = $1::text AND worker = $2::text AND state = 'running')",
       true},
      {"job_bulk_tasks",
       "WITH job AS (SELECT id FROM jobs"
       " WHERE id = $1::text AND worker = $2::text AND state = 'running' FOR UPDATE),"
       " made AS (INSERT INTO tasks (title, completed, owner_id)"
       " SELECT title, done = 't', $3::bigint FROM unnest($4::text[], $5::text[]) AS t (title, "
       "done)"
       " WHERE EXISTS (SELECT FROM job) RETURNING id)"
       " UPDATE jobs SET state = 'done', error = NULL, relay_at = NULL, lease_until = NULL,"
       " finished_at = now(), result = (SELECT json_build_object('created',"
       " coalesce(json_agg(id ORDER BY id), '[]')) FROM made)"
       " WHERE id IN (SELECT id FROM job) RETURNING id",
       true},
      {"job_webhook", "SELECT url, secret FROM webhooks WHERE id = $1::bigint"},
  }};
  return kStatements;
}

}  // namespace todo::jobs
