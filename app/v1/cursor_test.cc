#include "app/v1/cursor.h"

#include <gtest/gtest.h>

namespace todo::v1 {
namespace {

TEST(Cursor, GoesOnWhereItWasMade) {
  const std::uint64_t list = ListOf(7, "completed=true");
  for (const std::int64_t id : {std::int64_t{0}, std::int64_t{41}, INT64_MAX}) {
    const std::string cursor = EncodeCursor(id, list);
    EXPECT_EQ(cursor.size(), kCursorLength);
    EXPECT_EQ(DecodeCursor(cursor, list), id);
  }
}

TEST(Cursor, OfAnotherListOrChangedIsRefused) {
  const std::uint64_t list = ListOf(7, "completed=true");
  const std::string cursor = EncodeCursor(41, list);
  EXPECT_FALSE(DecodeCursor(cursor, ListOf(8, "completed=true")));
  EXPECT_FALSE(DecodeCursor(cursor, ListOf(7, "")));
  EXPECT_FALSE(DecodeCursor("", list));
  EXPECT_FALSE(DecodeCursor(cursor + "0", list));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_FALSE(DecodeCursor(changed, list)) << changed;
    changed[i] = 'G';
    EXPECT_FALSE(DecodeCursor(changed, list)) << changed;
  }
}

}  // namespace
}  // namespace todo::v1
