#include "app/http/api.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "app/http/replies.h"
#include "common/json.h"

namespace todo::http {
namespace {

using sb::http::HeaderField;
using sb::http::Request;
using sb::http::Response;
using sb::http::Task;

constexpr Field kTaskFields[] = {
    {.name = "title", .min_length = 1, .max_length = 5},
    {.name = "completed", .type = Field::Type::kBoolean, .required = false},
    {.name = "rank", .type = Field::Type::kInteger, .required = false, .minimum = 1, .maximum = 9},
    {.name = "note", .required = false, .nullable = true}};
constexpr Shape kTask = {"Task", kTaskFields};
constexpr Field kTasksFields[] = {
    {.name = "tasks", .type = Field::Type::kList, .min_length = 1, .max_length = 3, .of = &kTask}};
constexpr Shape kTasks = {"Tasks", kTasksFields};
constexpr Field kLoginFields[] = {{.name = "username"}, {.name = "password"}};
constexpr Shape kLogin = {"Login", kLoginFields};

// What the handler saw, as text.
std::string Seen(const Record& record) {
  std::string out;
  for (const FieldValue& value : record.values) {
    out += value.null           ? "null"
           : !value.given       ? "-"
           : value.text.empty() ? std::to_string(value.number)
                                : value.text;
    for (const Record& item : value.items) out += "[" + Seen(item) + "]";
    out += ' ';
  }
  return out;
}

Task Echo(const Call& call) { co_return Json(Seen(call.body())); }
Task WhoAmI(const Call& call) { co_return Json(call.principal->username); }

boost::asio::awaitable<std::optional<Refusal>> Token(Call& call) {
  call.answer_headers.emplace_back("X-Guard", "ran");
  if (call.request.header("authorization") != "Bearer good") {
    co_return Refusal{401, "Not authenticated", {{"WWW-Authenticate", "Bearer"}}};
  }
  call.principal = Principal{7, "zoe"};
  co_return std::nullopt;
}

std::vector<Route> Routes() {
  std::vector<Route> routes;
  routes.push_back({.method = "POST", .pattern = "/v1/tasks", .handler = Echo, .body = {&kTask}});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/tasks:bulk",
                    .handler = Echo,
                    .body = {.shape = &kTasks, .max_bytes = 200}});
  routes.push_back({.method = "POST",
                    .pattern = "/token",
                    .handler = Echo,
                    .body = {&kLogin, BodySpec::Media::kForm}});
  for (const char* path : {"/v1/me", "/me"}) {
    routes.push_back(
        {.method = "GET",
         .pattern = path,
         .parameters = {{.name = "n", .type = Parameter::Type::kInteger, .required = false},
                        {.name = "If-Match",
                         .where = ValuePlace::kHeader,
                         .required = false,
                         .max_length = 9}},
         .handler = WhoAmI,
         .guards = {{Token, {401}}}});
  }
  routes.push_back({.method = "GET", .pattern = "/v1/throws", .handler = [](const Call&) -> Task {
                      throw std::runtime_error("secret");
                      co_return Response{};
                    }});
  return routes;
}

Response Ask(Request request, std::vector<HeaderField> fields = {}) {
  request.fields = fields;
  std::vector<Route> routes = Routes();
  RequestMetrics metrics(LabelsOf(routes), 1);
  Api api(std::move(routes), metrics, metrics.shard(0));
  boost::asio::io_context loop;
  Response response;
  boost::asio::co_spawn(loop, api.Handle(request),
                        [&](std::exception_ptr, Response answer) { response = std::move(answer); });
  loop.run();
  return response;
}

Response Post(std::string_view path, std::string_view body,
              std::string_view type = "application/json") {
  return Ask({.method = "POST", .path = path, .query = "", .body = body}, {{"Content-Type", type}});
}

TEST(Api, ReadsJsonBodiesByTheirShape) {
  EXPECT_EQ(
      Post("/v1/tasks", R"({"title":"a\u00e9","completed":true,"rank":7.0,"note":null})").body,
      "aé 1 7 null ");
  EXPECT_EQ(Post("/v1/tasks", R"({"title":"a"})", "Application/JSON; charset=utf-8").body,
            "a - - - ");
  EXPECT_EQ(Post("/v1/tasks:bulk", R"({"tasks":[{"title":"a"},{"title":"b","rank":2}]})").body,
            "0[a - - - ][b - 2 - ] ");
}

TEST(Api, RefusesBodiesThatAreNotWhatTheRouteTakes) {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const struct {
    const char* path;
    std::string body;
    int status;
    const char* where;  // in the answer
  } kCases[] = {
      {"/v1/tasks", "", 400, "not valid JSON"},
      {"/v1/tasks", "{", 400, "not valid JSON"},
      {"/v1/tasks", "{\"title\":\"\xff\"}", 400, "UTF-8"},
      {"/v1/tasks", "{\"title\":" + deep + "}", 400, "deeply"},
      {"/v1/tasks", "{\"title\":1e999}", 400, "JSON"},
      {"/v1/tasks", "[]", 422, "dict_type"},
      {"/v1/tasks", "{}", 422, R"("in":"body","name":"/title","code":"missing")"},
      {"/v1/tasks", R"({"title":""})", 422, "string_too_short"},
      {"/v1/tasks", R"({"title":"äöüßxy"})", 422, "string_too_long"},
      {"/v1/tasks", R"({"title":"a\u0000"})", 422, "U+0000"},
      {"/v1/tasks", R"({"title":null})", 422, "string_type"},
      {"/v1/tasks", R"({"title":"a","rank":10})", 422, "less_than_equal"},
      {"/v1/tasks", R"({"title":"a","rank":1.5})", 422, "int_type"},
      {"/v1/tasks", R"({"title":"a","rank":1e300})", 422, "int_type"},
      {"/v1/tasks", R"({"title":"a","rank":18446744073709551615})", 422, "int_type"},
      {"/v1/tasks", R"({"title":"a","completed":1})", 422, "bool_type"},
      {"/v1/tasks", R"({"title":"a","titel":1})", 422,
       R"("name":"/titel","code":"extra_forbidden")"},
      {"/v1/tasks", R"({"title":"a","title":"b"})", 422, "duplicate"},
      {"/v1/tasks:bulk", R"({"tasks":[]})", 422, "too_short"},
      {"/v1/tasks:bulk", R"({"tasks":[{},{},{},{}]})", 422, "too_long"},
      {"/v1/tasks:bulk", R"({"tasks":[{"title":"a"},{}]})", 422, R"("name":"/tasks/1/title")"},
      {"/v1/tasks:bulk", R"({"tasks":[{"title":"a"},3]})", 422,
       R"("name":"/tasks/1","code":"dict_type")"},
      {"/v1/tasks:bulk", std::string(201, ' '), 413, "larger than 200"},
  };
  for (const auto& test : kCases) {
    const Response response = Post(test.path, test.body);
    EXPECT_EQ(response.status, test.status) << test.body;
    EXPECT_NE(response.body.find(test.where), std::string::npos) << test.body << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
    const sb::Json problem = sb::Json::parse(response.body);
    EXPECT_EQ(problem.at("status"), test.status);
  }
  EXPECT_EQ(Post("/v1/tasks", "{}", "text/plain").status, 415);
}

TEST(Api, ReadsFormsAndSaysWhatIsMissingAsFastApiDoes) {
  const char* const kType = "application/x-www-form-urlencoded";
  EXPECT_EQ(Post("/token", "username=zo%C3%AB+x&password=p%26&scope=", kType).body, "zoë x p& ");
  const Response response = Post("/token", "username=zoe", kType);
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(
      response.body,
      R"({"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]})");
}

TEST(Api, GuardsRunBeforeValidationAndTheirRefusalIsTheAnswer) {
  for (const auto& [path, type] :
       {std::pair{"/me", "application/json"}, std::pair{"/v1/me", "application/problem+json"}}) {
    const Request request{.method = "GET", .path = path, .query = "n=x", .body = ""};
    const Response refused = Ask(request);
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.content_type, type);
    EXPECT_EQ(sb::Json::parse(refused.body).at("detail"), "Not authenticated");
    EXPECT_EQ(refused.headers[0].first, "WWW-Authenticate");
    EXPECT_EQ(refused.headers[1].first, "X-Guard") << "limits are told with every answer";
    EXPECT_EQ(Ask(request, {{"Authorization", "Bearer good"}}).status, 422);
    EXPECT_EQ(Ask({.method = "GET", .path = path, .query = "", .body = ""},
                  {{"Authorization", "Bearer good"}, {"If-Match", "0123456789"}})
                  .status,
              422);
    EXPECT_EQ(Ask({.method = "GET", .path = path, .query = "", .body = ""},
                  {{"Authorization", "Bearer good"}, {"If-Match", "\xe9"}})
                  .status,
              422);
    const Response answer = Ask({.method = "GET", .path = path, .query = "", .body = ""},
                                {{"Authorization", "Bearer good"}});
    EXPECT_EQ(answer.body, "zoe");
    EXPECT_EQ(answer.headers[0].first, "X-Guard");
  }
}

TEST(Api, BelowV1ErrorsAreProblemsWithoutInternals) {
  EXPECT_EQ(Ask({.method = "GET", .path = "/v1/nothing", .query = "", .body = ""}).content_type,
            "application/problem+json");
  const Response wrong = Ask({.method = "PUT", .path = "/v1/tasks", .query = "", .body = ""});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers[0].second, "POST");
  EXPECT_EQ(Ask({.method = "POST", .path = "/v1/tasks/", .query = "", .body = ""}).status, 404);
  const Response broken = Ask({.method = "GET", .path = "/v1/throws", .query = "", .body = ""});
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace todo::http
