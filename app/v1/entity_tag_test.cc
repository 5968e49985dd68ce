#include "app/v1/entity_tag.h"

#include <gmock/gmock.h>

#include "app/http/conditional.h"

namespace todo::v1 {
namespace {

TEST(EntityTag, AClientThatHasTheVersionIsSpared) {
  const struct {
    const char* if_none_match;
    bool sends;
  } kCases[] = {
      {"", true},
      {R"("1-3")", false},
      {R"(W/"1-3")", false},
      {R"("1-2","1-3")", false},
      {R"( "a,b" , W/"x" ,"1-3")", false},
      {"*", false},
      {R"("1-2")", true},
      {R"(1-3)", true},
      {R"("1-3)", true},
      {R"(x"1-3")", true},
      {R"(W/)", true},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(http::MatchesNone(test.if_none_match, TagOf(3)), test.sends) << test.if_none_match;
  }
}

TEST(EntityTag, AWriteChangesOnlyTheVersionThatItHasSeen) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  EXPECT_TRUE(AllowedBy("").any);
  EXPECT_TRUE(AllowedBy("*").any);
  EXPECT_THAT(AllowedBy(R"("1-3")").versions, ElementsAre(3));
  EXPECT_THAT(AllowedBy(R"("1-3", "1-4")").versions, ElementsAre(3, 4));
  EXPECT_FALSE(AllowedBy(R"("1-3")").any);
  for (const char* nothing : {R"(W/"1-3")", R"("0-3")", R"("1-")", R"("1-03")", R"("1-3x")", "1-3",
                              R"("1-99999999999999999999")", "garbage", "\"", "W/"}) {
    EXPECT_FALSE(AllowedBy(nothing).any) << nothing;
    EXPECT_THAT(AllowedBy(nothing).versions, IsEmpty()) << nothing;
  }
}

}  // namespace
}  // namespace todo::v1
