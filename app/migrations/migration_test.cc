#include "app/migrations/migration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace todo::migrations {
namespace {

using testing::HasSubstr;

const Migration kFirst = {"0001_a", "CREATE TABLE a ()"};
const Migration kSecond = {"0002_b", "CREATE TABLE b ()"};
const Migration kThird = {"0003_c", "CREATE TABLE c ()"};
const Migration kAll[] = {kFirst, kSecond, kThird};

Applied Of(const Migration& migration) {
  return {std::string(migration.name), ChecksumOf(migration)};
}

TEST(Pending, AreThoseNotApplied) {
  EXPECT_EQ(Pending(kAll, {})->size(), 3u);
  EXPECT_EQ(Pending(kAll, {Of(kFirst)})->front().name, "0002_b");
  EXPECT_TRUE(Pending(kAll, {Of(kFirst), Of(kSecond), Of(kThird)})->empty());
}

TEST(Pending, AnEditedOneIsNamed) {
  const auto pending = Pending(kAll, {Of(kFirst), {"0002_b", "another checksum"}});
  ASSERT_FALSE(pending);
  EXPECT_THAT(pending.error().message, HasSubstr("0002_b was edited"));
}

TEST(Pending, OneThatComesTooLateIsNamed) {
  const auto pending = Pending(kAll, {Of(kFirst), Of(kThird)});
  ASSERT_FALSE(pending);
  EXPECT_THAT(pending.error().message, HasSubstr("0002_b comes before 0003_c"));
}

TEST(Pending, ANewerProgramsMigrationsAreLeftAlone) {
  const auto pending = Pending(kAll, {Of(kFirst), Of(kSecond), Of(kThird), {"0004_d", "x"}});
  ASSERT_TRUE(pending);
  EXPECT_TRUE(pending->empty());
}

TEST(Embedded, NamesAreInOrderAndNumbered) {
  const auto all = Embedded();
  ASSERT_FALSE(all.empty());
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
  EXPECT_EQ(all.front().name, "0001_users_and_tasks");
  EXPECT_THAT(std::string(all.front().sql), HasSubstr("ON tasks (owner_id, id);"));
}

}  // namespace
}  // namespace todo::migrations
