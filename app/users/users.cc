#include "app/users/users.h"

#include "app/http/json_writer.h"
#include "app/http/replies.h"

namespace todo::users {
namespace {

using http::Call;
using http::Parameter;
using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

constexpr http::Field kFoundFields[] = {{.name = "id", .type = http::Field::Type::kInteger},
                                        {.name = "data", .description = "The username."},
                                        {.name = "source", .description = "db or cache"}};
constexpr http::Shape kFoundUser = {"FoundUser", kFoundFields};
constexpr http::Field kCreatedFields[] = {{.name = "id", .type = http::Field::Type::kInteger},
                                          {.name = "username"}};
constexpr http::Shape kCreatedUser = {"CreatedUser", kCreatedFields};

std::string UserBody(std::int64_t id, std::string_view username, std::string_view source) {
  std::string body;
  body.reserve(48 + username.size());
  body += "{\"id\":";
  http::AppendNumber(body, id);
  body += ",\"data\":";
  http::AppendString(body, username);
  body += ",\"source\":\"";
  body += source;
  body += "\"}";
  return body;
}

}  // namespace

void Users::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "GET",
                    .pattern = "/users/{user_id}",
                    .parameters = {{.name = "user_id",
                                    .where = Parameter::Where::kPath,
                                    .type = Parameter::Type::kInteger}},
                    .handler = [this](const Call& call) { return Get(call); },
                    .answers = {{200, "The user, and where it was found.", &kFoundUser},
                                {404, "There is no such user."},
                                {503, "Come back later."}},
                    .tag = "tutorial",
                    .summary = "A user"});
  routes.push_back({.method = "POST",
                    .pattern = "/users/",
                    .parameters = {{.name = "username", .max_length = 255}},
                    .handler = [this](const Call& call) { return Create(call); },
                    .answers = {{200, "Created.", &kCreatedUser},
                                {409, "The username is taken."},
                                {503, "Come back later."}},
                    .tag = "tutorial",
                    .summary = "Create a user"});
}

Task Users::Get(const Call& call) {
  const std::int64_t id = call.Integer(0);
  if (cache_ != nullptr) {
    if (const std::string* username = cache_->FindNear(id)) {
      co_return http::Json(UserBody(id, *username, "cache"));
    }
    auto asked = cache_->Find(id);
    const UserCache::Found user = co_await std::move(asked);
    if (!user) co_return http::FromError(user.error());
    if (!*user) co_return http::Detail(404, "User not found");
    co_return http::Json(UserBody(id, (*user)->username, (*user)->cached ? "cache" : "db"));
  }
  if (database_ == nullptr) co_return http::Unavailable();
  const store::Lsn at_least =
      database_->has_replica()
          ? database_->PointOf(id, call.request.header(store::kConsistencyHeader))
          : store::kPrimaryOnly;
  auto asked = database_->UserById(id, at_least);
  const Expected<std::optional<store::Row>> user = co_await std::move(asked);
  if (!user) co_return http::FromError(user.error());
  if (!*user) co_return http::Detail(404, "User not found");
  co_return http::Json(UserBody(id, (*user)->text(1), "db"));
}

Task Users::Create(const Call& call) {
  if (database_ == nullptr) co_return http::Unavailable();
  store::Parameters parameters;
  parameters.Text(call.Text(0));
  auto asked = database_->Query(store::kCreateUser, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    if (rows.error().code == ErrorCode::kAlreadyExists) {
      co_return http::Detail(409, "Username already registered");
    }
    co_return http::FromError(rows.error());
  }
  const std::int64_t id = rows->integer(0, 0);
  if (cache_ != nullptr) {
    auto told = cache_->Changed(id);  // somebody may have asked for that id before
    co_await std::move(told);
  }
  std::string body = "{\"id\":";
  body += rows->text(0, 0);
  body += ",\"username\":";
  http::AppendString(body, rows->text(0, 1));
  body += '}';
  Response response = http::Json(std::move(body));
  if (database_->has_replica()) {
    auto wrote = database_->Wrote(id);
    std::string token = co_await std::move(wrote);
    response.headers.emplace_back(store::kConsistencyHeader, std::move(token));
  }
  co_return response;
}

}  // namespace todo::users
