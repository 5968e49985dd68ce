#include "app/http/router.h"

#include <gtest/gtest.h>

namespace todo::http {
namespace {

Router Example() {
  return Router({{"GET", "/", {}, nullptr},
                 {"GET", "/users/{user_id}", {}, nullptr},
                 {"POST", "/users/", {}, nullptr},
                 {"GET", "/tasks/{owner_id}", {}, nullptr},
                 {"GET", "/tasks/", {}, nullptr},
                 {"POST", "/tasks/", {}, nullptr}});
}

TEST(Router, FindsRoutesAsStarletteDoes) {
  using Kind = Match::Kind;
  const struct {
    const char* method;
    const char* path;
    Kind kind;
    std::size_t route;
    const char* value;
  } kCases[] = {
      {"GET", "/", Kind::kRoute, 0, ""},
      {"GET", "/users/7", Kind::kRoute, 1, "7"},
      {"GET", "/users/a b", Kind::kRoute, 1, "a b"},
      {"POST", "/users/", Kind::kRoute, 2, ""},
      {"GET", "/tasks/", Kind::kRoute, 4, ""},
      {"POST", "/tasks/", Kind::kRoute, 5, ""},
      {"GET", "/tasks", Kind::kOtherSlash, 0, ""},
      {"GET", "/users", Kind::kOtherSlash, 0, ""},
      {"GET", "/users/7/", Kind::kOtherSlash, 0, ""},
      {"DELETE", "/users/7", Kind::kWrongMethod, 0, ""},
      {"GET", "/users/", Kind::kWrongMethod, 0, ""},
      {"GET", "/nothing", Kind::kNotFound, 0, ""},
      {"GET", "/users/7/tasks", Kind::kNotFound, 0, ""},
      {"GET", "//", Kind::kOtherSlash, 0, ""},
      {"OPTIONS", "*", Kind::kNotFound, 0, ""},
      {"GET", "", Kind::kNotFound, 0, ""},
  };
  const Router router = Example();
  for (const auto& test : kCases) {
    const Match match = router.Find(test.method, test.path);
    EXPECT_EQ(match.kind, test.kind) << test.method << " " << test.path;
    if (test.kind == Kind::kRoute) {
      EXPECT_EQ(match.route, test.route) << test.path;
      EXPECT_EQ(match.values[0], test.value) << test.path;
    }
  }
}

TEST(Router, AWrongMethodNamesTheRightOnes) {
  EXPECT_EQ(Example().Find("DELETE", "/tasks/").allowed, "GET, POST");
}

TEST(Router, TheFirstPatternThatFitsHasThePath) {
  const Router router({{"GET", "/users/me", {}, nullptr},
                       {"GET", "/users/{id}", {}, nullptr},
                       {"PATCH", "/users/{id}", {}, nullptr},
                       {"PUT", "/users/me", {}, nullptr}});
  EXPECT_EQ(router.Find("GET", "/users/me").route, 0u);
  EXPECT_EQ(router.Find("PUT", "/users/me").route, 3u);
  EXPECT_EQ(router.Find("PATCH", "/users/7").route, 2u);
  EXPECT_EQ(router.Find("PATCH", "/users/me").kind, Match::Kind::kWrongMethod);
  EXPECT_EQ(router.Find("PATCH", "/users/me").allowed, "GET, PUT");
}

}  // namespace
}  // namespace todo::http
