#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "app/jobs_command.h"
#include "app/migrate.h"
#include "app/serve.h"
#include "app/settings.h"
#include "app/work.h"

namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// TODO_NEAR_CACHE=1 turns it on; a larger number is its size in bytes, of a thread.
std::size_t NearCacheBytes() {
  const unsigned long long number =
      std::strtoull(Environment("TODO_NEAR_CACHE").c_str(), nullptr, 10);
  return number == 1 ? std::size_t{1} << 20 : static_cast<std::size_t>(number);
}

// Ten thousand connections need as many descriptors, and the usual soft limit is 1024.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Run(int argc, char** argv) {
  todo::Settings settings;
  CLI::App app("The Todo API: a small backend made to scale.");
  app.require_subcommand(1);
  app.footer("DATABASE_URL, REDIS_URL and QUEUE_URL come from the environment only.");

  const auto add_operations = [&](CLI::App* command) {
    command->add_option("--address", settings.address, "address to listen on")
        ->capture_default_str();
    command->add_option("--metrics-port", settings.metrics_port, "/metrics and probes")
        ->envname("METRICS_PORT")
        ->capture_default_str();
    command->add_option("--queue", settings.queue, "queue of jobs")
        ->envname("QUEUE")
        ->capture_default_str();
    command
        ->add_option("--statement-timeout", settings.statement_timeout_seconds,
                     "seconds after which PostgreSQL ends a statement")
        ->envname("STATEMENT_TIMEOUT")
        ->check(CLI::Range(0.1, 600.0))
        ->capture_default_str();
  };
  CLI::App* const serve = app.add_subcommand("serve", "Serve the HTTP API.");
  add_operations(serve);
  serve->add_option("--port", settings.port, "the API")->envname("PORT")->capture_default_str();
  serve->add_option("--threads", settings.threads, "event loops; 0: one a core")
      ->envname("THREADS")
      ->capture_default_str();
  serve->add_option("--pool-size", settings.pool_size, "database connections at most")
      ->envname("POOL_SIZE")
      ->capture_default_str();
  serve
      ->add_option_function<std::string>(
          "--access-log",
          [&](const std::string& level) {
            if (!todo::http::AccessLog::Parse(level, settings.access_log)) {
              throw CLI::ValidationError("--access-log", "use one of: off, failures, all");
            }
          },
          "requests in the log: off, failures (5xx and slow ones) or all")
      ->envname("ACCESS_LOG")
      ->default_str("failures");
  serve
      ->add_option("--shutdown-delay", settings.shutdown_delay_seconds,
                   "seconds between SIGTERM and closing the listener")
      ->envname("SHUTDOWN_DELAY")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();

  serve
      ->add_option("--jwt-key-file", settings.jwt_key_file,
                   "key that signs access tokens, or a folder of keys; none: a random one")
      ->envname("JWT_KEY_FILE");
  serve->add_option("--access-token-seconds", settings.access_token_seconds, "until it expires")
      ->envname("ACCESS_TOKEN_SECONDS")
      ->check(CLI::Range(1, 7 * 24 * 3600))
      ->capture_default_str();
  serve
      ->add_option("--refresh-token-seconds", settings.refresh_token_seconds,
                   "until a session ends and its user has to log in again")
      ->envname("REFRESH_TOKEN_SECONDS")
      ->check(CLI::Range(1, 366 * 24 * 3600))
      ->capture_default_str();
  serve
      ->add_option("--password-threads", settings.password_threads,
                   "that check passwords, about 50 a second each")
      ->envname("PASSWORD_THREADS")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  serve->add_option("--docs-folder", settings.docs_folder, "Swagger UI's files, for /docs")
      ->envname("DOCS_FOLDER")
      ->capture_default_str();

  const auto add_text = [&](const char* flag, std::string& value, const char* variable,
                            const char* help) {
    serve->add_option(flag, value, help)->envname(variable)->capture_default_str();
  };
  add_text("--rate-limit-token", settings.rate_limit_token, "RATE_LIMIT_TOKEN",
           "logins from one address, as 5/minute, 100/10s or off");
  add_text("--rate-limit-token-user", settings.rate_limit_token_user, "RATE_LIMIT_TOKEN_USER",
           "logins as one user");
  add_text("--rate-limit-registration", settings.rate_limit_registration, "RATE_LIMIT_REGISTRATION",
           "new users from one address");
  add_text("--rate-limit-session", settings.rate_limit_session, "RATE_LIMIT_SESSION",
           "refreshed and ended sessions of one address");
  add_text("--rate-limit-tasks", settings.rate_limit_tasks, "RATE_LIMIT_TASKS",
           "GET /tasks/ from one address");
  add_text("--rate-limit-user", settings.rate_limit_user, "RATE_LIMIT_USER",
           "requests to /v1 of one user");
  add_text("--trusted-proxies", settings.trusted_proxies, "TRUSTED_PROXIES",
           "networks whose word on the client's address counts, as 10.0.0.0/8,fd00::/8");
  add_text("--forwarded-header", settings.forwarded_header, "FORWARDED_HEADER",
           "the header that they write it into: X-Forwarded-For or Forwarded");

  CLI::App* const worker = app.add_subcommand("worker", "Run jobs from the queue.");
  add_operations(worker);
  worker
      ->add_option("--claim-after", settings.claim_after_seconds,
                   "seconds of silence after which another worker's job is taken over")
      ->envname("CLAIM_AFTER")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  worker->add_option("--concurrency", settings.concurrency, "jobs in hand at a time")
      ->envname("WORKER_CONCURRENCY")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  worker
      ->add_option("--drain-deadline", settings.drain_deadline_seconds,
                   "seconds that jobs in hand have after SIGTERM, before they are handed back")
      ->envname("DRAIN_DEADLINE")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  worker
      ->add_option("--resend-after", settings.resend_after_seconds,
                   "seconds after which a job that did not begin is handed to Redis again")
      ->envname("RESEND_AFTER")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  worker
      ->add_option("--retry-first", settings.retry_first_seconds,
                   "seconds before the second attempt, which then double; 0: as each kind says")
      ->envname("RETRY_FIRST")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();

  todo::JobsCommand jobs_command;
  CLI::App* const jobs = app.add_subcommand("jobs", "Look after jobs that were given up.");
  jobs->require_subcommand(1);
  const auto add_jobs = [&](const char* name, const char* what) {
    CLI::App* const command = jobs->add_subcommand(name, what);
    command->add_option("--queue", settings.queue, "queue of jobs")
        ->envname("QUEUE")
        ->capture_default_str();
    return command;
  };
  CLI::App* const jobs_list = add_jobs("list", "Count and list them, latest first.");
  jobs_list->add_flag("--json", jobs_command.json, "as JSON");
  CLI::App* const jobs_show = add_jobs("show", "Show some in full, as JSON.");
  CLI::App* const jobs_retry = add_jobs("retry", "Queue some again.");
  CLI::App* const jobs_drop = add_jobs("drop", "Drop some for good.");
  for (CLI::App* const command : {jobs_show, jobs_retry, jobs_drop}) {
    command->add_option("ids", jobs_command.ids, "ids of jobs");
  }
  jobs_show->add_flag("--json", jobs_command.json, "as JSON, which it always is");
  for (CLI::App* const command : {jobs_retry, jobs_drop}) {
    command->add_flag("--all", jobs_command.all, "all of the queue");
  }
  jobs_drop->add_flag("--yes", jobs_command.yes, "with --all: really");

  CLI::App* const migrate =
      app.add_subcommand("migrate", "Bring the database's schema up to date.");
  migrate->add_flag("--dry-run", settings.dry_run, "print what would be applied");
  migrate->add_flag("--check", settings.check_schema,
                    "compare the database with the migrations; exit code 2 if it differs");
  migrate
      ->add_option("--lock-timeout-ms", settings.lock_timeout_ms,
                   "for how long one try may hold up traffic to a table")
      ->envname("MIGRATE_LOCK_TIMEOUT_MS")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  migrate->add_option("--wait", settings.wait_seconds, "seconds to wait for the database")
      ->envname("MIGRATE_WAIT")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();

  CLI11_PARSE(app, argc, argv);
  settings.database_url = Environment("DATABASE_URL");
  settings.database_replica_url = Environment("DATABASE_REPLICA_URL");
  settings.redis_url = Environment("REDIS_URL");
  settings.queue_url = Environment("QUEUE_URL");
  settings.near_cache_bytes = NearCacheBytes();
  if (settings.queue_url.empty()) settings.queue_url = settings.redis_url;

  settings.webhook_allow_private = Environment("WEBHOOK_ALLOW_PRIVATE") == "1";

  if (*jobs) {
    using Action = todo::JobsCommand::Action;
    jobs_command.action = *jobs_show    ? Action::kShow
                          : *jobs_retry ? Action::kRetry
                          : *jobs_drop  ? Action::kDrop
                                        : Action::kList;
    return todo::RunJobsCommand(settings, jobs_command);
  }
  if (*serve) return todo::Serve(settings);
  if (*worker) return todo::Work(settings);
  return todo::MigrateDatabase(settings);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error code, not the end
  RaiseDescriptorLimit();
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "todo: %s\n", error.what());
    return 1;
  }
}
