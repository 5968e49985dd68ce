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

constexpr http::Field kHelloFields[] = {{.name = "message"}};
constexpr http::Shape kHello = {"Hello", kHelloFields};
constexpr http::Field kHealthFields[] = {{.name = "status"},
                                         {.name = "db", .type = http::Field::Type::kInteger}};
constexpr http::Shape kHealth = {"Health", kHealthFields};

}  // namespace

void AddHealthRoutes(std::vector<http::Route>& routes, store::Database* database) {
  routes.push_back({.method = "GET",
                    .pattern = "/",
                    .handler = Hello,
                    .answers = {{200, "It serves.", &kHello}},
                    .tag = "health",
                    .summary = "Hello"});
  routes.push_back({.method = "GET",
                    .pattern = "/health",
                    .handler = [database](const http::Call&) { return Health(database); },
                    .answers = {{200, "The database answers.", &kHealth}, {503, "It does not."}},
                    .tag = "health",
                    .summary = "Does the database answer?"});
}

}  // namespace todo
