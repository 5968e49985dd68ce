#include "common/json.h"

#include <gtest/gtest.h>

namespace sb {
namespace {

TEST(JsonTest, LooksUpWithoutThrowingOnAnyShape) {
  Json object = {{"spec", {{"replicas", 3}, {"image", "a"}, {"paused", true}}}, {"list", {1, 2}}};
  EXPECT_EQ(IntAt(object, {"spec", "replicas"}), 3);
  EXPECT_EQ(StringAt(object, {"spec", "image"}), "a");
  EXPECT_TRUE(BoolAt(object, {"spec", "paused"}));
  EXPECT_EQ(IntAt(object, {"spec", "image"}, 7), 7);         // another type
  EXPECT_EQ(StringAt(object, {"list", "image"}, "x"), "x");  // not an object on the way
  EXPECT_EQ(Find(object, {"spec", "none"}), nullptr);
}

}  // namespace
}  // namespace sb
