#include "app/health.h"

#include "app/http/replies.h"

namespace todo {
namespace {

sb::http::Task Hello(const http::Call&) {
  co_return http::Json(R"({"message":"Hello, Scalable World!"})");
}

sb::http::Task Health(store::Database* database) {
  if (database == nullptr) co_return http::Unavailable();
  const sb::Expected<store::Rows> rows = co_await database->Query(store::kPing, {});
  if (!rows) co_return http::FromError(rows.error());
  co_return http::Json(R"({"status":"healthy","db":1})");
}

}  // namespace

void AddHealthRoutes(std::vector<http::Route>& routes, store::Database* database) {
  routes.push_back({"GET", "/", {}, Hello});
  routes.push_back(
      {"GET", "/health", {}, [database](const http::Call&) { return Health(database); }});
}

}  // namespace todo
