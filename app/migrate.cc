#include "app/migrate.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "app/migrations/check.h"
#include "app/migrations/migrate.h"
#include "common/log.h"

namespace todo {
namespace {

constexpr const char* kTerminationLog = "/dev/termination-log";

// Kubernetes mounts the file; elsewhere there is none, and none is made.
void TellKubernetes(const std::string& reason) {
  std::FILE* const file = std::fopen(kTerminationLog, "r+e");
  if (file == nullptr) return;
  std::fputs(reason.c_str(), file);
  std::fclose(file);
}

int Failed(const std::string& reason) {
  std::fprintf(stderr, "todo migrate: %s\n", reason.c_str());
  TellKubernetes(reason);
  return 1;
}

constexpr int kDiffers = 2;

int Check(const Settings& settings) {
  const auto differences =
      migrations::CheckSchema(migrations::Embedded(), settings.database_url,
                              std::chrono::seconds(static_cast<long long>(settings.wait_seconds)));
  if (!differences) return Failed(differences.error().message);
  for (const std::string& line : *differences) std::printf("%s\n", line.c_str());
  if (differences->empty()) {
    std::printf("the database is what the migrations make\n");
    return 0;
  }
  TellKubernetes(differences->front());
  return kDiffers;
}

}  // namespace

int MigrateDatabase(const Settings& settings) {
  // As process 1 of a container SIGTERM would be ignored. The open transaction is rolled back.
  std::signal(SIGTERM, [](int) { _exit(128 + SIGTERM); });
  if (settings.database_url.empty()) return Failed("DATABASE_URL is not set");
  if (settings.check_schema) return Check(settings);
  migrations::MigrateOptions options;
  options.url = settings.database_url;
  options.wait = std::chrono::seconds(static_cast<long long>(settings.wait_seconds));
  options.dry_run = settings.dry_run;
  options.lock_timeout = std::chrono::milliseconds(settings.lock_timeout_ms);
  const sb::Expected<int> applied = migrations::Migrate(migrations::Embedded(), options);
  if (!applied) return Failed(applied.error().message);
  if (!settings.dry_run) sb::log::Info("database is up to date", {{"applied", *applied}});
  return 0;
}

}  // namespace todo
