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

constexpr std::string_view kTimeToLiveSeconds = "300";

// A cache key without an allocation.
class CacheKey {
 public:
  explicit CacheKey(std::int64_t id) {
    const auto end = std::to_chars(bytes_ + 5, bytes_ + sizeof bytes_, id).ptr;
    size_ = static_cast<std::size_t>(end - bytes_);
  }
  operator std::string_view() const { return {bytes_, size_}; }

 private:
  char bytes_[32] = {'u', 's', 'e', 'r', ':'};
  std::size_t size_;
};

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
  const CacheKey key(id);
  if (cache_ != nullptr) {
    auto asked = cache_->Command({"GET", key});
    const Expected<cache::Reply> cached = co_await std::move(asked);
    // Redis away is a slower answer, never a failed one.
    if (cached && !cached->value().is_nil()) {
      co_return http::Json(UserBody(id, cached->value().text(), "cache"));
    }
  }
  if (database_ == nullptr) co_return http::Unavailable();
  const Expected<std::optional<store::Row>> user = co_await database_->UserById(id);
  if (!user) co_return http::FromError(user.error());
  if (!*user) co_return http::Detail(404, "User not found");
  const std::string_view username = (*user)->text(1);
  if (cache_ != nullptr) cache_->Forget({"SET", key, username, "EX", kTimeToLiveSeconds});
  co_return http::Json(UserBody(id, username, "db"));
}

Task Users::Create(const Call& call) {
  if (database_ == nullptr) co_return http::Unavailable();
  store::Parameters parameters;
  parameters.Text(call.Text(0));
  const Expected<store::Rows> rows =
      co_await database_->Query(store::kCreateUser, std::move(parameters));
  if (!rows) {
    if (rows.error().code == ErrorCode::kAlreadyExists) {
      co_return http::Detail(409, "Username already registered");
    }
    co_return http::FromError(rows.error());
  }
  std::string body = "{\"id\":";
  body += rows->text(0, 0);
  body += ",\"username\":";
  http::AppendString(body, rows->text(0, 1));
  body += '}';
  co_return http::Json(std::move(body));
}

}  // namespace todo::users
