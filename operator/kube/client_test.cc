#include "operator/kube/client.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "operator/kube/metrics.h"
#include "operator/kube/testing/fake_transport.h"

namespace sb::kube {
namespace {

const ObjectKey kTodo{"ns", "todo"};

struct StatusCase {
  int http;
  const char* body;
  ErrorCode code;
  const char* says;  // part of the message
  int retry_after_ms = 0;
};

class ClientStatus : public testing::TestWithParam<StatusCase> {};

TEST_P(ClientStatus, BecomesAnErrorThatSaysWhatToDo) {
  FakeTransport transport;
  transport.Answer(GetParam().http, GetParam().body);
  const auto answer = Client(transport).Get(Deployments(), kTodo);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, GetParam().code) << answer.error().message;
  EXPECT_NE(answer.error().message.find(GetParam().says), std::string::npos)
      << answer.error().message;
  EXPECT_NE(answer.error().message.find("get Deployment ns/todo"), std::string::npos);
  EXPECT_EQ(answer.error().retry_after_ms, GetParam().retry_after_ms);
}

const StatusCase kStatuses[] = {
    {404,
     R"({"kind":"Status","code":404,"reason":"NotFound","message":"deployments \"todo\" not found"})",
     ErrorCode::kNotFound, "not found"},
    {409, R"({"kind":"Status","code":409,"reason":"AlreadyExists","message":"exists"})",
     ErrorCode::kAlreadyExists, "exists"},
    {409,
     R"({"kind":"Status","code":409,"reason":"Conflict","message":"modified",)"
     R"("details":{"causes":[{"reason":"FieldManagerConflict","field":".spec.replicas","message":"conflict with \"kubectl\""}]}})",
     ErrorCode::kConflict, ".spec.replicas: conflict with \"kubectl\""},
    {410, R"({"kind":"Status","code":410,"reason":"Gone","message":"too old"})", ErrorCode::kGone,
     "too old"},
    {410, R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})",
     ErrorCode::kGone, "too old"},
    {401, R"({"kind":"Status","code":401,"reason":"Unauthorized","message":"Unauthorized"})",
     ErrorCode::kUnauthenticated, "Unauthorized"},
    {403, R"({"kind":"Status","code":403,"reason":"Forbidden","message":"cannot get"})",
     ErrorCode::kPermissionDenied, "cannot get"},
    {422,
     R"({"kind":"Status","code":422,"reason":"Invalid","message":"is invalid",)"
     R"("details":{"causes":[{"reason":"FieldValueInvalid","field":"spec.replicas","message":"must be >= 0"},)"
     R"({"field":"spec.selector","message":"Required value"}]}})",
     ErrorCode::kInvalidArgument, "(spec.replicas: must be >= 0; spec.selector: Required value)"},
    {400,
     R"({"kind":"Status","code":400,"reason":"BadRequest","message":"strict decoding error: unknown field \"spec.x\""})",
     ErrorCode::kInvalidArgument, "spec.x"},
    {429,
     R"({"kind":"Status","code":429,"reason":"TooManyRequests","message":"later","details":{"retryAfterSeconds":3}})",
     ErrorCode::kTooManyRequests, "later", 3000},
    {500,
     R"({"kind":"Status","code":500,"reason":"InternalError","message":"etcdserver: leader changed"})",
     ErrorCode::kUnavailable, "leader changed"},
    {500,
     R"({"kind":"Status","code":500,"message":"failed to create typed patch object (ns/todo): .spec.x: field not declared in schema"})",
     ErrorCode::kInvalidArgument, ".spec.x: field not declared in schema"},
    {504,
     R"({"kind":"Status","code":504,"reason":"Timeout","message":"Too large resource version: 9, current: 5",)"
     R"("details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1}})",
     ErrorCode::kGone, "ResourceVersionTooLarge", 1000},
    {503, "<html>\nupstream connect error</html>", ErrorCode::kUnavailable, "HTTP 503: <html>"},
    {502, "", ErrorCode::kUnavailable, "HTTP 502"},
    {302, "", ErrorCode::kInternal, "HTTP 302"},
    {200, "<html>login</html>", ErrorCode::kInternal, "not a JSON object"},
    {200, "[1]", ErrorCode::kInternal, "not a JSON object"},
    {409,
     R"({"kind":"Status","details":{"causes":7,"retryAfterSeconds":"x"},"reason":3,"message":[]})",
     ErrorCode::kConflict, "HTTP 409"},
};
INSTANTIATE_TEST_SUITE_P(All, ClientStatus, testing::ValuesIn(kStatuses));

TEST(Client, TellsAVersionThatIsTooLarge) {
  for (const StatusCase& status : kStatuses) {
    const Error error = ErrorFrom({status.http, {}, status.body}, "x");
    EXPECT_EQ(IsTooLarge(error), status.http == 504);
  }
}

TEST(Client, ReadsRetryAfterFromTheHeaderToo) {
  EXPECT_EQ(ErrorFrom({429, {{"retry-after", "7"}}, ""}, "x").retry_after_ms, 7000);
  EXPECT_EQ(ErrorFrom({429, {{"Retry-After", "Wed, 21 Oct 2015"}}, ""}, "x").retry_after_ms, 0);
  EXPECT_EQ(ErrorFrom({429, {{"Retry-After", "99999999999999999999"}}, ""}, "x").retry_after_ms,
            3'600'000);
}

TEST(Client, SaysWhoItIsAndCountsRequests) {
  prometheus::Registry registry;
  Metrics metrics(registry);
  FakeTransport transport;
  transport.Answer(200, "{}");
  transport.Break(ErrorCode::kDeadlineExceeded, "late");
  Client client(transport, {.metrics = &metrics});
  EXPECT_TRUE(client.Get(Pods(), kTodo));
  EXPECT_EQ(client.Get(Pods(), kTodo).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(transport.requests()[0].headers[0],
            (std::pair<std::string, std::string>("User-Agent", "scalablebackend-operator/0.1.0")));
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  EXPECT_NE(text.find(R"(rest_client_requests_total{code="200",method="GET"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(rest_client_requests_total{code="<error>",method="GET"} 1)"),
            std::string::npos);
  EXPECT_NE(text.find(R"(rest_client_request_duration_seconds_count{verb="GET"} 2)"),
            std::string::npos);

  // Large lists are the slowest of all requests.
  transport.Answer(200, R"({"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[]})");
  EXPECT_TRUE(client.List(Pods(), {}, [](std::string_view) -> Expected<void> { return {}; }));
  EXPECT_NE(prometheus::TextSerializer().Serialize(registry.Collect())
                .find(R"(rest_client_request_duration_seconds_count{verb="GET"} 3)"),
            std::string::npos);
}

TEST(Client, SendsWhatEachVerbNeeds) {
  FakeTransport transport;
  for (int i = 0; i < 8; ++i) transport.Answer(200, "{}");
  const Client client(transport);
  const Json object{
      {"metadata", {{"name", "todo"}, {"namespace", "ns"}, {"resourceVersion", "4"}}}};
  EXPECT_TRUE(client.Create(Jobs(), object, "m"));
  EXPECT_TRUE(client.Apply(Deployments(), object,
                           {.field_manager = "m", .subresource = "status", .dry_run = true}));
  EXPECT_TRUE(client.Apply(Deployments(), object, {.field_manager = "m", .force = false}));
  EXPECT_TRUE(client.MergePatch(Pods(), kTodo, {{"a", 1}}, {.field_manager = "m"}));
  EXPECT_TRUE(client.JsonPatch(Pods(), kTodo, Json::array()));
  EXPECT_TRUE(client.Update(Leases(), object));
  EXPECT_TRUE(client.Delete(Secrets(), kTodo, {.uid = "u"}));
  EXPECT_TRUE(client.PostPath("/apis/authentication.k8s.io/v1/tokenreviews", {{"spec", 1}}));
  std::vector<std::string> seen;
  for (const Request& request : transport.requests()) {
    seen.push_back(request.method + " " + Target(request) + " " + request.content_type +
                   (request.idempotent ? "" : " once"));
  }
  EXPECT_EQ(seen,
            (std::vector<std::string>{
                "POST /apis/batch/v1/namespaces/ns/jobs?fieldManager=m application/json once",
                "PATCH "
                "/apis/apps/v1/namespaces/ns/deployments/todo/"
                "status?fieldManager=m&force=true&dryRun=All "
                "application/apply-patch+yaml",
                "PATCH /apis/apps/v1/namespaces/ns/deployments/todo?fieldManager=m "
                "application/apply-patch+yaml",
                "PATCH /api/v1/namespaces/ns/pods/todo?fieldManager=m application/merge-patch+json",
                "PATCH /api/v1/namespaces/ns/pods/todo application/json-patch+json once",
                "PUT /apis/coordination.k8s.io/v1/namespaces/ns/leases/todo application/json",
                "DELETE /api/v1/namespaces/ns/secrets/todo application/json",
                "POST /apis/authentication.k8s.io/v1/tokenreviews application/json"}));
  EXPECT_EQ(Json::parse(transport.requests()[6].body)["preconditions"]["uid"], "u");
}

TEST(Client, NeverTouchesACollectionByMistake) {
  FakeTransport transport;
  const Client client(transport);
  for (const ObjectKey& key : {ObjectKey{"", "todo"}, ObjectKey{"ns", ""}, ObjectKey{}}) {
    EXPECT_EQ(client.Delete(Pods(), key).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(client.Get(Pods(), key).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(transport.requests().empty());
}

TEST(Client, ANameCannotLeaveItsCollection) {
  EXPECT_EQ(Pods().Path("ns", "../secrets/x?y=z"),
            "/api/v1/namespaces/ns/pods/..%2Fsecrets%2Fx%3Fy%3Dz");
  EXPECT_EQ(Pods().Path("ns", ".."), "/api/v1/namespaces/ns/pods/%2E%2E");
  EXPECT_EQ(StorageClasses().Path("", "fast"), "/apis/storage.k8s.io/v1/storageclasses/fast");
  EXPECT_EQ(Deployments().Path(""), "/apis/apps/v1/deployments");
}

TEST(Client, ListsHandOutItemsAndDropTheVersionWhenContinuing) {
  FakeTransport transport;
  transport.Answer(
      200,
      R"({"items":[{"metadata":{"name":"a"}}],"metadata":{"resourceVersion":"5","continue":"t"}})");
  transport.Answer(200, R"({"metadata":{"resourceVersion":"6"},"items":null})");
  const Client client(transport);
  std::vector<std::string> items;
  const auto collect = [&](std::string_view item) -> Expected<void> {
    items.emplace_back(item);
    return {};
  };
  auto end =
      client.List(Pods(), {.limit = 500, .resource_version = "0", .continue_token = ""}, collect);
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->resource_version, "5");
  EXPECT_EQ(end->continue_token, "t");
  EXPECT_EQ(items, std::vector<std::string>{R"({"metadata":{"name":"a"}})"});
  end =
      client.List(Pods(), {.limit = 500, .resource_version = "0", .continue_token = "t"}, collect);
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->resource_version, "6");
  EXPECT_EQ(items.size(), 1u);
  EXPECT_EQ(Target(transport.requests()[0]), "/api/v1/pods?limit=500&resourceVersion=0");
  EXPECT_EQ(Target(transport.requests()[1]), "/api/v1/pods?limit=500&continue=t");
}

TEST(Client, AnErrorIsValidUtf8WhateverTheServerSends) {
  // A gateway's page in Latin-1, and one whose first line is cut in the middle of a character.
  for (const std::string& body : {std::string("Service indisponible: d\xe9lai"),
                                  std::string(199, 'x') + "\u00e9", std::string("\xff\0\xfe", 3)}) {
    const Error error = ErrorFrom({503, {}, body}, "list pods");
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_NO_THROW((void)Json(error.message).dump()) << body;
  }
}

TEST(Client, WhatIsNoListIsAnError) {
  const struct {
    const char* body;
    ErrorCode code;
    const char* says;
  } kCases[] = {
      {R"({"kind":"Table","rows":[]})", ErrorCode::kInternal, "Table"},
      {R"({"items":[3]})", ErrorCode::kInternal, "not a list"},
      {"<html>", ErrorCode::kInternal, "not a list"},
      {R"({"items":[{"a":1},)", ErrorCode::kUnavailable, "ends in the middle"},
      {"", ErrorCode::kUnavailable, "ends in the middle"},
  };
  for (const auto& each : kCases) {
    FakeTransport transport;
    transport.Answer(200, each.body);
    const auto end =
        Client(transport).List(Pods(), {}, [](std::string_view) -> Expected<void> { return {}; });
    ASSERT_FALSE(end) << each.body;
    EXPECT_EQ(end.error().code, each.code) << each.body;
    EXPECT_NE(end.error().message.find(each.says), std::string::npos) << end.error().message;
  }
}

TEST(Client, MetadataOnlyIsAskedForByMediaType) {
  FakeTransport transport;
  transport.Answer(200, R"({"items":[],"metadata":{"resourceVersion":"5"}})");
  transport.Play({});
  const Client client(transport);
  ASSERT_TRUE(client.List(Pods(), {.metadata_only = true},
                          [](std::string_view) -> Expected<void> { return {}; }));
  bool answered = false;
  ASSERT_TRUE(client.Watch(Pods(), {.metadata_only = true, .send_initial_events = true},
                           {.on_line = [](std::string_view) { return true; },
                            .idle_deadline = [] { return std::chrono::seconds(1); }},
                           answered, {}));
  const std::string list = transport.requests()[0].accept;
  EXPECT_TRUE(list.starts_with("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"));
  const std::string watch = transport.requests()[1].accept;
  EXPECT_TRUE(watch.starts_with("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"));
  const std::string target = Target(transport.requests()[1]);
  EXPECT_NE(target.find("sendInitialEvents=true&resourceVersionMatch=NotOlderThan"),
            std::string::npos);
}

}  // namespace
}  // namespace sb::kube
