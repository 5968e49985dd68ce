#include "app/http/openapi.h"

#include <gtest/gtest.h>

#include "common/json.h"

namespace todo::http {
namespace {

constexpr Field kItemFields[] = {{.name = "id", .type = Field::Type::kInteger},
                                 {.name = "note", .required = false, .nullable = true}};
constexpr Shape kItem = {"Item", kItemFields};
constexpr Field kNewFields[] = {
    {.name = "items", .type = Field::Type::kList, .min_length = 1, .max_length = 9, .of = &kItem}};
constexpr Shape kNew = {"New", kNewFields, "Some."};

sb::Json Example() {
  std::vector<Route> routes;
  routes.push_back({.method = "GET",
                    .pattern = "/items/{item_id}",
                    .parameters = {{.name = "item_id",
                                    .where = ValuePlace::kPath,
                                    .type = Parameter::Type::kInteger},
                                   {.name = "limit",
                                    .type = Parameter::Type::kInteger,
                                    .required = false,
                                    .fallback = 10,
                                    .minimum = 1}},
                    .answers = {{200, "Some.", &kItem, {}, true}, {404, "None."}}});
  routes.push_back({.method = "POST",
                    .pattern = "/v1/items:bulk",
                    .parameters = {{.name = "Idempotency-Key",
                                    .where = ValuePlace::kHeader,
                                    .required = false,
                                    .max_length = 9}},
                    .guards = {{nullptr, {401, 429}, "bearer"}},
                    .body = {&kNew},
                    .answers = {{201, "Made.", nullptr, {"Location"}}}});
  routes.push_back({.method = "GET", .pattern = "/hidden"});
  return sb::Json::parse(OpenApiDocument(routes, {"T", "1", "", "/token"}));
}

TEST(OpenApi, SaysWhatARouteTakes) {
  const sb::Json document = Example();
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_EQ(document["paths"].size(), 2u) << "pages of ours are not the API";
  const sb::Json& get = document["paths"]["/items/{item_id}"]["get"];
  EXPECT_EQ(get["operationId"], "get_items_item_id");
  EXPECT_EQ(get["parameters"][0], sb::Json::parse(R"({"name":"item_id","in":"path","required":true,
      "schema":{"type":"integer"}})"));
  EXPECT_EQ(get["parameters"][1]["schema"],
            sb::Json::parse(R"({"type":"integer","minimum":1,"default":10})"));
  const sb::Json& post = document["paths"]["/v1/items:bulk"]["post"];
  EXPECT_EQ(post["security"], sb::Json::parse(R"([{"bearer":[]}])"));
  EXPECT_EQ(post["requestBody"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/New");
  const sb::Json& body = document["components"]["schemas"]["New"];
  EXPECT_EQ(body["additionalProperties"], false);
  EXPECT_EQ(body["properties"]["items"]["maxItems"], 9);
  EXPECT_EQ(body["properties"]["items"]["items"]["$ref"], "#/components/schemas/Item");
  EXPECT_EQ(document["components"]["schemas"]["Item"]["properties"]["note"]["type"],
            sb::Json::parse(R"(["string","null"])"));
}

TEST(OpenApi, SaysEveryAnswerInTheLanguageOfItsPath) {
  const sb::Json document = Example();
  const auto statuses = [](const sb::Json& operation) {
    std::string all;
    for (const auto& [status, answer] : operation["responses"].items()) all += status + " ";
    return all;
  };
  const sb::Json& get = document["paths"]["/items/{item_id}"]["get"];
  EXPECT_EQ(statuses(get), "200 400 404 405 422 500 503 ");
  EXPECT_EQ(get["responses"]["200"]["content"]["application/json"]["schema"]["type"], "array");
  EXPECT_EQ(get["responses"]["422"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/HTTPValidationError");
  const sb::Json& post = document["paths"]["/v1/items:bulk"]["post"];
  EXPECT_EQ(statuses(post), "201 400 401 405 413 415 422 429 500 503 ");
  EXPECT_TRUE(post["responses"]["422"]["content"].contains("application/problem+json"));
  EXPECT_TRUE(post["responses"]["201"]["headers"].contains("Location"));
  EXPECT_TRUE(post["responses"]["429"]["headers"].contains("Retry-After"));
}

}  // namespace
}  // namespace todo::http
