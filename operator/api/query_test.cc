#include "operator/api/query.h"

#include <gtest/gtest.h>

namespace sb::api {
namespace {

TEST(ExpandQuery, FillsInWhatItKnows) {
  struct Case {
    const char* query;
    const char* expanded;
  };
  for (const Case& c :
       {Case{"up", "up"}, Case{"", ""},
        Case{R"~(up{ns="$(namespace)",b="$(name)"})~", R"~(up{ns="shop",b="to\"\\do"})~"},
        Case{"$(name)$(name)", R"(to\"\\doto\"\\do)"}, Case{"$$(name)", "$(name)"},
        Case{"$$$(name)", R"($$(name))"}, Case{R"(x=~"a$")", R"(x=~"a$")"}, Case{"$", "$"}}) {
    const auto expanded = ExpandQuery(c.query, "shop", R"(to"\do)");
    ASSERT_TRUE(expanded) << c.query;
    EXPECT_EQ(*expanded, c.expanded);
  }
}

TEST(ExpandQuery, NamesTheVariablesThatThereAre) {
  for (const char* query : {"$(pod)", "$(", "a$(name", "$()", "$( name)"}) {
    const auto expanded = ExpandQuery(query, "shop", "todo");
    ASSERT_FALSE(expanded) << query;
    EXPECT_NE(expanded.error().message.find("use $(namespace) or $(name)"), std::string::npos);
  }
}

}  // namespace
}  // namespace sb::api
