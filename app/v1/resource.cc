#include "app/v1/resource.h"

#include "app/http/conditional.h"
#include "app/http/json_writer.h"
#include "app/http/replies.h"
#include "app/store/arrays.h"
#include "app/v1/entity_tag.h"

namespace todo::v1 {

using sb::http::Response;

namespace {

void AddCaching(Response& response) {
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("Vary", "Authorization");
}

}  // namespace

Response Resource(std::string body, std::string tag, std::string_view if_none_match) {
  Response response = http::Conditional(std::move(body), std::move(tag), if_none_match);
  AddCaching(response);
  return response;
}

Response Created(std::string body, std::string location, std::string tag) {
  Response response;
  response.status = 201;
  response.body = std::move(body);
  if (!location.empty()) response.headers.emplace_back("Location", std::move(location));
  if (!tag.empty()) response.headers.emplace_back("ETag", std::move(tag));
  AddCaching(response);
  return response;
}

Response Fresh(std::string body) {
  Response response;
  response.body = std::move(body);
  AddCaching(response);
  return response;
}

Response ProblemOf(const sb::Error& error) {
  return http::Render(http::RefusalOf(error), http::Style::kProblem);
}

Response Unavailable() { return ProblemOf({sb::ErrorCode::kUnavailable, ""}); }

Response NotFound(std::string_view what) {
  return http::Problem(404, std::string(what) + " not found");
}

Response PreconditionFailed() {
  return http::Problem(412, "It has changed since that ETag; read it again");
}

Response GoneUser() {
  return http::Render({401, "The user no longer exists", {{"WWW-Authenticate", "Bearer"}}},
                      http::Style::kProblem);
}

Response Invalid(const http::Parameter& parameter, std::string_view code,
                 std::string_view message) {
  http::Problems problems(http::Style::kProblem);
  problems.Add(code, parameter, message, nullptr);
  Response response = http::Problem(422, "");
  response.body = problems.Body();
  return response;
}

sb::http::Task Written(store::Database& database, std::int64_t user, Response response) {
  if (!database.has_replica()) co_return response;
  auto wrote = database.Wrote(user);
  std::string token = co_await std::move(wrote);
  response.headers.emplace_back(store::kConsistencyHeader, std::move(token));
  co_return response;
}

store::Lsn PointOf(const store::Database& database, const http::Call& call) {
  if (!database.has_replica()) return store::kPrimaryOnly;
  return database.PointOf(call.principal->user_id, call.request.header(store::kConsistencyHeader));
}

void AppendText(std::string& body, std::string_view name, std::string_view value) {
  body += ",\"";
  body += name;
  body += "\":";
  http::AppendString(body, value);
}

void AddAllowed(store::Parameters& parameters, std::string_view if_match) {
  const Allowed allowed = AllowedBy(if_match);
  store::BigintArray versions;
  for (const std::int64_t version : allowed.versions) versions.Add(version);
  parameters.Text(versions.Bytes()).Integer(allowed.any ? 1 : 0);
}

}  // namespace todo::v1
