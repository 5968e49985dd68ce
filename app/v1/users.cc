#include "app/v1/users.h"

#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "app/v1/entity_tag.h"
#include "app/v1/resource.h"
#include "app/v1/shapes.h"

namespace todo::v1 {
namespace {

using http::Call;
using http::Parameter;
using sb::ErrorCode;
using sb::Expected;
using sb::http::Response;
using sb::http::Task;

constexpr Parameter kUserId = {
    .name = "user_id", .where = Parameter::Where::kPath, .type = Parameter::Type::kInteger};

std::string UserBody(const store::Rows& rows) {
  std::string body = "{\"id\":";
  body += rows.text(0, 0);
  AppendText(body, "username", rows.text(0, 1));
  body += ",\"version\":";
  body += rows.text(0, 2);
  AppendText(body, "created_at", rows.text(0, 3));
  AppendText(body, "updated_at", rows.text(0, 4));
  body += '}';
  return body;
}

std::string TagOfRow(const store::Rows& rows) { return TagOf(rows.integer(0, 2)); }
std::int64_t IdOfRow(const store::Rows& rows) { return rows.integer(0, 0); }

boost::asio::awaitable<void> Tell(const Users::Changed& whom, std::int64_t id) {
  if (!whom) co_return;
  auto told = whom(id);
  co_await std::move(told);
}

Response Taken() { return http::Problem(409, "Username already registered"); }

}  // namespace

void Users::AddRoutes(std::vector<http::Route>& routes) {
  routes.push_back({.method = "POST",
                    .pattern = "/v1/users",
                    .handler = [this](const Call& call) { return Register(call); },
                    .guards = options_.registration_guards,
                    .body = {&kNewUser},
                    .answers = {{201, "Registered.", &kUser, {"Location", "ETag"}},
                                {409, "The username is taken."},
                                {503, "Come back later."}},
                    .tag = "users",
                    .summary = "Register"});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/users/me",
       .parameters = {kIfNoneMatch},
       .handler =
           [this](const Call& call) { return Get(call.principal->user_id, call, call.Text(0)); },
       .guards = options_.guards,
       .answers = {{200, "You.", &kUser, {"ETag"}},
                   {304, "Nothing has changed.", nullptr, {"ETag"}},
                   {503, "Come back later."}},
       .tag = "users",
       .summary = "Who you are"});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/users/{user_id}",
       .parameters = {kUserId, kIfNoneMatch},
       .handler = [this](const Call& call) { return Get(call.Integer(0), call, call.Text(1)); },
       .guards = options_.guards,
       .answers = {{200, "The user.", &kUser, {"ETag"}},
                   {304, "Nothing has changed.", nullptr, {"ETag"}},
                   {404, "Not you."},
                   {503, "Come back later."}},
       .tag = "users",
       .summary = "A user"});
  routes.push_back({.method = "PATCH",
                    .pattern = "/v1/users/{user_id}",
                    .parameters = {kUserId, kIfMatch},
                    .handler = [this](const Call& call) { return Update(call); },
                    .guards = options_.guards,
                    .body = {&kUserChange},
                    .answers = {{200, "The user as it is now.", &kUser, {"ETag"}},
                                {404, "Not you."},
                                {409, "The username is taken."},
                                {412, "It has changed since that ETag."},
                                {503, "Come back later."}},
                    .tag = "users",
                    .summary = "Change a user"});
  routes.push_back({.method = "DELETE",
                    .pattern = "/v1/users/{user_id}",
                    .parameters = {kUserId, kIfMatch},
                    .handler = [this](const Call& call) { return Delete(call); },
                    .guards = options_.guards,
                    .answers = {{204, "Gone, and all their tasks."},
                                {404, "Not you."},
                                {412, "It has changed since that ETag."},
                                {503, "Come back later."}},
                    .tag = "users",
                    .summary = "Delete a user and their tasks"});
}

Task Users::Register(const Call& call) {
  if (database_ == nullptr || !options_.hash_password) co_return Unavailable();
  auto hashing = options_.hash_password(call.body()[1].text);
  Expected<std::string> hash = co_await std::move(hashing);
  if (!hash) co_return ProblemOf(hash.error());
  store::Parameters parameters;
  parameters.Text(call.body()[0].text).Text(*hash);
  auto asked = database_->Query(store::kV1CreateUser, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    if (rows.error().code == ErrorCode::kAlreadyExists) co_return Taken();
    co_return ProblemOf(rows.error());
  }
  auto told = Tell(options_.changed, IdOfRow(*rows));
  co_await std::move(told);
  auto written = Written(
      *database_, IdOfRow(*rows),
      Created(UserBody(*rows), "/v1/users/" + std::string(rows->text(0, 0)), TagOfRow(*rows)));
  co_return co_await std::move(written);
}

Task Users::Get(std::int64_t id, const Call& call, std::string_view if_none_match) {
  if (id != call.principal->user_id) co_return NotFound("User");
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Integer(id);
  auto asked =
      database_->Read(store::kV1UserById, std::move(parameters), PointOf(*database_, call));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) co_return ProblemOf(rows.error());
  if (rows->empty()) co_return GoneUser();
  co_return Resource(UserBody(*rows), TagOfRow(*rows), if_none_match);
}

Task Users::Update(const Call& call) {
  const std::int64_t id = call.Integer(0);
  if (id != call.principal->user_id) co_return NotFound("User");
  if (database_ == nullptr) co_return Unavailable();
  const http::FieldValue& username = call.body()[0];
  store::Parameters parameters;
  parameters.Integer(id).Text(username.text).Integer(username.given ? 1 : 0);
  AddAllowed(parameters, call.Text(1));
  auto warned = Tell(options_.will_change, id);
  co_await std::move(warned);
  auto asked = database_->Query(store::kV1UpdateUser, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    if (rows.error().code == ErrorCode::kAlreadyExists) co_return Taken();
    co_return ProblemOf(rows.error());
  }
  if (rows->empty()) co_return GoneUser();
  if (rows->text(0, 0).empty()) co_return call.Has(1) ? PreconditionFailed() : GoneUser();
  auto told = Tell(options_.changed, id);
  co_await std::move(told);
  auto written = Written(*database_, id, Resource(UserBody(*rows), TagOfRow(*rows), ""));
  co_return co_await std::move(written);
}

Task Users::Delete(const Call& call) {
  const std::int64_t id = call.Integer(0);
  if (id != call.principal->user_id) co_return NotFound("User");
  if (database_ == nullptr) co_return Unavailable();
  store::Parameters parameters;
  parameters.Integer(id);
  AddAllowed(parameters, call.Text(1));
  auto warned = Tell(options_.will_change, id);
  co_await std::move(warned);
  auto asked = database_->Query(store::kV1DeleteUser, std::move(parameters));
  const Expected<store::Rows> rows = co_await std::move(asked);
  if (!rows) {
    // Somebody gave them a task this instant: the foreign key.
    if (rows.error().code == ErrorCode::kNotFound) co_return Unavailable();
    co_return ProblemOf(rows.error());
  }
  if (rows->empty()) co_return GoneUser();
  if (rows->text(0, 0).empty()) co_return PreconditionFailed();
  auto told = Tell(options_.changed, id);
  co_await std::move(told);
  auto written = Written(*database_, id, http::NoContent());
  co_return co_await std::move(written);
}

}  // namespace todo::v1
