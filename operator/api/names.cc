#include "operator/api/names.h"

namespace sb::api {
namespace {

std::string Join(std::string_view name, std::string_view suffix) {
  return std::string(name).append(suffix);
}

}  // namespace

std::string ApiName(std::string_view name) { return Join(name, "-api"); }

std::string WorkerName(std::string_view name, std::string_view worker) {
  return Join(name, "-worker-").append(worker);
}

std::string PostgresName(std::string_view name) { return Join(name, "-postgres"); }
std::string PostgresRwName(std::string_view name) { return Join(name, "-postgres-rw"); }
std::string RedisName(std::string_view name) { return Join(name, "-redis"); }
std::string CredentialsName(std::string_view name) { return Join(name, "-credentials"); }

std::string PostgresClaimName(std::string_view name) { return "data-" + PostgresName(name) + "-0"; }

std::string RedisClaimName(std::string_view name) { return "data-" + RedisName(name) + "-0"; }

std::string MigrationName(std::string_view name, std::string_view hash10) {
  return Join(name, "-migrate-").append(hash10);
}

bool IsDnsLabel(std::string_view text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  if (text.empty() || text.size() > 63 || !lower(text.front()) || text.back() == '-') return false;
  for (char c : text) {
    if (!lower(c) && !(c >= '0' && c <= '9') && c != '-') return false;
  }
  return true;
}

}  // namespace sb::api
