// What a process is told: flags, or the environment of the backend contract (docs/names.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "app/http/access_log.h"
#include "app/store/connections.h"
#include "app/store/postgres.h"

namespace todo {

struct Settings {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8080;                                              // PORT
  std::uint16_t metrics_port = 9090;                                      // METRICS_PORT
  http::AccessLog::Level access_log = http::AccessLog::Level::kFailures;  // ACCESS_LOG
  int threads = 0;                                                        // THREADS; 0: one a core
  int pool_size = 20;  // POOL_SIZE: database connections at most, of the whole process
  double statement_timeout_seconds = 5;  // STATEMENT_TIMEOUT: PostgreSQL ends what takes longer
  // The URLs come from the environment only: arguments are visible to every process of the machine.
  std::string database_url;                          // DATABASE_URL
  std::string database_replica_url;                  // DATABASE_REPLICA_URL: a standby for reads
  std::string redis_url;                             // REDIS_URL
  std::string queue_url;                             // QUEUE_URL; unset: REDIS_URL
  std::string queue = "default";                     // QUEUE
  std::string docs_folder = "/usr/share/todo/docs";  // DOCS_FOLDER; of setup/swagger_ui.sh's files
  std::string jwt_key_file;        // JWT_KEY_FILE: a file, or a folder of keys (auth/key_set.h)
  int access_token_seconds = 900;  // ACCESS_TOKEN_SECONDS
  int refresh_token_seconds =
      30 * 24 * 3600;                // REFRESH_TOKEN_SECONDS: of a session, from its login
  int password_threads = 1;          // PASSWORD_THREADS: about 50 logins a second each
  std::size_t near_cache_bytes = 0;  // TODO_NEAR_CACHE: of a thread; 0: none
  // Rates as "5/minute", "100/10s", or "off" (limits/gcra.h).
  std::string rate_limit_token = "5/minute";          // RATE_LIMIT_TOKEN: logins of an address
  std::string rate_limit_token_user = "10/minute";    // RATE_LIMIT_TOKEN_USER: as one user
  std::string rate_limit_registration = "60/minute";  // RATE_LIMIT_REGISTRATION: of an address
  std::string rate_limit_tasks = "5/minute";          // RATE_LIMIT_TASKS: GET /tasks/ of an address
  std::string rate_limit_session = "60/minute";       // RATE_LIMIT_SESSION: of an address
  std::string rate_limit_user = "off";                // RATE_LIMIT_USER: /v1 of a user
  std::string trusted_proxies;                        // TRUSTED_PROXIES: networks, by commas
  std::string forwarded_header = "X-Forwarded-For";   // FORWARDED_HEADER: what they write
  double shutdown_delay_seconds = 5;                  // SHUTDOWN_DELAY
  double claim_after_seconds = 60;     // a job whose worker was silent for that long is taken over
  int concurrency = 8;                 // worker: jobs in hand at a time
  double drain_deadline_seconds = 25;  // worker: between SIGTERM and handing back what is in hand
  double resend_after_seconds = 300;  // worker: a stored job that did not begin goes to Redis again
  double retry_first_seconds = 0;     // worker: > 0: first wait of every kind's retries
  bool webhook_allow_private = false;  // WEBHOOK_ALLOW_PRIVATE=1: also to addresses inside
  double wait_seconds = 60;            // migrate: for the database
  bool dry_run = false;                // migrate
  bool check_schema = false;           // migrate: compare only
  int lock_timeout_ms = 2'000;         // migrate: of one try to lock a table
};

// Of connections to `database_url`.
store::PostgresOptions PostgresOptionsOf(const Settings& settings);

// How many threads serve, and how many database connections each of them has: together never more
// than `pool_size`. A small pool has fewer threads rather than threads without transactions.
struct Concurrency {
  int threads;
  store::Connections connections;  // of one thread
};
Concurrency ConcurrencyOf(const Settings& settings, int cores);

}  // namespace todo
