#include "operator/kube/applier.h"

#include <gtest/gtest.h>

#include "operator/kube/quantity.h"

namespace sb::kube {
namespace {

struct Case {
  const char* what;
  const char* desired;
  const char* live;
  const char* where;  // "" if covered
};

class CoversTest : public testing::TestWithParam<Case> {};

TEST_P(CoversTest, FindsTheFirstDifference) {
  std::string where;
  const bool covers = Covers(Json::parse(GetParam().desired), Json::parse(GetParam().live), &where);
  EXPECT_EQ(covers, GetParam().where[0] == '\0') << GetParam().what << ": " << where;
  EXPECT_EQ(where, GetParam().where) << GetParam().what;
}

const Case kCases[] = {
    {"defaults and fields of others are welcome", R"({"spec":{"replicas":2}})",
     R"({"spec":{"replicas":2,"paused":false},"status":{}})", ""},
    {"a changed scalar", R"({"spec":{"replicas":2}})", R"({"spec":{"replicas":3}})",
     "spec.replicas: want 2, have 3"},
    {"a missing field", R"({"spec":{"paused":true}})", R"({"spec":{}})",
     "spec.paused: want true, have nothing"},
    {"zero values that the server leaves out",
     R"({"spec":{"hostNetwork":false,"x":"","l":{},"n":null,"s":{"a":{}}}})", R"({"spec":{}})", ""},
    {"quantities by value",
     R"({"resources":{"limits":{"cpu":"1000m","memory":"1024Mi"},"requests":{"cpu":1}}})",
     R"({"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1"}}})", ""},
    {"quantities that differ", R"({"resources":{"limits":{"cpu":"100m"}}})",
     R"({"resources":{"limits":{"cpu":"1"}}})", R"(resources.limits.cpu: want "100m", have "1")"},
    {"an environment variable is no quantity", R"({"env":[{"name":"X","value":"1000m"}]})",
     R"({"env":[{"name":"X","value":"1"}]})", R"(env[X].value: want "1000m", have "1")"},
    {"an injected sidecar is not ours", R"({"containers":[{"name":"app","image":"a"}]})",
     R"({"containers":[{"name":"proxy","image":"p"},{"name":"app","image":"a","imagePullPolicy":"Always"}]})",
     ""},
    {"a container that is gone", R"({"containers":[{"name":"app"}]})",
     R"({"containers":[{"name":"proxy"}]})",
     R"(containers[app]: want {"name":"app"}, have nothing)"},
    {"a port gets its protocol", R"({"ports":[{"port":80,"targetPort":"http"}]})",
     R"({"ports":[{"port":80,"protocol":"TCP","targetPort":"http"}]})", ""},
    {"two mounts of one volume",
     R"({"volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"}]})",
     R"({"volumeMounts":[{"name":"v","mountPath":"/b"},{"name":"v","mountPath":"/a"}]})", ""},
    {"other lists are whole", R"({"args":["a","b"]})", R"({"args":["a","b","c"]})",
     R"(args: want ["a","b"], have ["a","b","c"])"},
    {"order counts in other lists", R"({"args":["a","b"]})", R"({"args":["b","a"]})",
     R"(args[0]: want "a", have "b")"},
    {"a list that became a map", R"({"args":["a"]})", R"({"args":{}})",
     R"(args: want ["a"], have {})"},
    {"numbers by value", R"({"x":1})", R"({"x":1.0})", ""},
    {"int or string is not the same", R"({"targetPort":80})", R"({"targetPort":"80"})",
     R"(targetPort: want 80, have "80")"},
    {"nothing of a Secret in the message", R"({"kind":"Secret","data":{"password":"aGk="}})",
     R"({"kind":"Secret","data":{"password":"b2g="}})", "data.password: differs"},
};
INSTANTIATE_TEST_SUITE_P(All, CoversTest, testing::ValuesIn(kCases));

TEST(HashOf, IsTheSameForTheSameObject) {
  const Json a = Json::parse(R"({"b":1,"a":{"y":2,"x":[1,2]}})");
  const Json b = Json::parse(R"({"a":{"x":[1,2],"y":2},"b":1})");
  EXPECT_EQ(HashOf(a), HashOf(b));
  EXPECT_EQ(HashOf(a), "0b9a073316748056") << "must never change: it is on people's objects";
  EXPECT_NE(HashOf(a), HashOf(Json::parse(R"({"b":2})")));
}

TEST(Quantity, ComparesByAmount) {
  const std::pair<const char*, const char*> kSame[] = {
      {"1", "1000m"}, {"0.1", "100m"}, {"1Gi", "1024Mi"}, {"1e3", "1k"},      {"1.5Gi", "1536Mi"},
      {"1E", "1e18"}, {"0", "0Mi"},    {"1E3", "1000"},   {"100u", "0.0001"}, {"-1", "-1000m"},
      {"+2", "2"},    {".5", "500m"},  {"5.", "5"},       {"1e-3", "1m"},     {"0.1n", "1n"},
  };
  for (const auto& [a, b] : kSame) EXPECT_TRUE(SameQuantity(a, b)) << a << " " << b;
  const std::pair<const char*, const char*> kOther[] = {
      {"1", "1001m"}, {"1M", "1Mi"},      {"", ""},
      {"x", "x"},     {"1.2.3", "1.2.3"}, {"1 ", "1 "},
      {"1e", "1e"},   {"1mm", "1mm"},     {"99999999999999999999999999999999999999999", "1"},
      {"-", "-"},
  };
  for (const auto& [a, b] : kOther) EXPECT_FALSE(SameQuantity(a, b)) << a << " " << b;
  EXPECT_DOUBLE_EQ(*ParseQuantity("250m"), 0.25);
  EXPECT_DOUBLE_EQ(*ParseQuantity("10Gi"), 10737418240.0);
  EXPECT_EQ(ParseQuantity("1e999"), std::nullopt);
}

}  // namespace
}  // namespace sb::kube
