#include "operator/kube/list_splitter.h"

#include <gtest/gtest.h>

#include <vector>

namespace sb::kube {
namespace {

constexpr char kList[] =
    "{ \"kind\":\"PodList\",\"items\":[ {\"a\":\"}]\\\"{\",\"ü\":[{}]},\n{\"b\":{\"items\":[1]}} "
    ",{} ],"
    "\"metadata\":{\"resourceVersion\":\"5\",\"items\":[7]}}\n";

struct Outcome {
  std::vector<std::string> items;
  ListSplitter::Result result = ListSplitter::Result::kMore;
  std::string envelope;
  bool complete = false;
};

// Fed in pieces of `size` bytes.
Outcome Split(std::string_view text, std::size_t size, std::size_t limit = 1 << 20) {
  Outcome outcome;
  ListSplitter splitter(limit);
  for (std::size_t at = 0; at < text.size(); at += size) {
    outcome.result = splitter.Feed(text.substr(at, size), [&](std::string_view item) {
      outcome.items.emplace_back(item);
      return item != "{\"stop\":1}";
    });
    if (outcome.result != ListSplitter::Result::kMore) break;
  }
  outcome.envelope = splitter.envelope();
  outcome.complete = splitter.Complete();
  return outcome;
}

TEST(ListSplitterTest, FindsTheSameItemsHoweverTheBytesAreCut) {
  for (std::size_t size = 1; size <= sizeof kList; ++size) {
    const Outcome outcome = Split(kList, size);
    EXPECT_EQ(outcome.items, (std::vector<std::string>{"{\"a\":\"}]\\\"{\",\"ü\":[{}]}",
                                                       "{\"b\":{\"items\":[1]}}", "{}"}))
        << size;
    EXPECT_TRUE(outcome.complete) << size;
    EXPECT_EQ(outcome.envelope,
              "{ \"kind\":\"PodList\",\"items\":[],"
              "\"metadata\":{\"resourceVersion\":\"5\",\"items\":[7]}}")
        << size;
  }
}

TEST(ListSplitterTest, BackslashesInARowAreCountedAcrossCuts) {
  for (int backslashes = 0; backslashes < 6; ++backslashes) {
    // An even number ends the string at the quote; after an odd one the quote belongs to it.
    const std::string run(static_cast<std::size_t>(backslashes), '\\');
    const std::string item =
        backslashes % 2 == 0 ? "{\"a\":\"" + run + "\"}" : "{\"a\":\"" + run + "\"}" + "{\"}";
    for (std::size_t size = 1; size <= item.size(); ++size) {
      const Outcome outcome = Split("{\"items\":[" + item + ",{}]}", size);
      EXPECT_EQ(outcome.items, (std::vector<std::string>{item, "{}"})) << item << " by " << size;
      EXPECT_TRUE(outcome.complete);
    }
  }
}

TEST(ListSplitterTest, ItemsMayBeFewOrNone) {
  EXPECT_TRUE(Split(R"({"items":null})", 3).complete);
  EXPECT_TRUE(Split(R"({"items":[]})", 3).complete);
  EXPECT_TRUE(Split("{}", 1).complete);
  EXPECT_EQ(Split(R"({"x":"items","y":[{"z":1}]})", 4).items.size(), 0u) << "only under that name";
  EXPECT_FALSE(Split(R"({"items":[{"a":1})", 4).complete);
}

TEST(ListSplitterTest, StopsWhenToldTo) {
  const Outcome outcome = Split(R"({"items":[{"a":1},{"stop":1},{"b":1}]})", 5);
  EXPECT_EQ(outcome.result, ListSplitter::Result::kStopped);
  EXPECT_EQ(outcome.items.size(), 2u);
}

TEST(ListSplitterTest, IsBounded) {
  const std::string item = R"({"a":")" + std::string(1'000, 'x') + "\"}";
  EXPECT_EQ(Split(R"({"items":[)" + item, 100, 500).result, ListSplitter::Result::kTooLong);
  EXPECT_EQ(Split(R"({"items":[)" + item, 5'000, 500).result, ListSplitter::Result::kTooLong);
  EXPECT_EQ(Split("{\"x\":\"" + std::string(ListSplitter::kMaxEnvelopeBytes, 'x'), 4'096).result,
            ListSplitter::Result::kTooLong);
}

TEST(ListSplitterTest, RefusesWhatCannotBeAList) {
  for (const char* text : {"[]", "<html>", R"({"items":[3]})", R"({"items":["x"]})", "{}{}",
                           R"({"items":[{}],"items":[{}]})"}) {
    EXPECT_EQ(Split(text, 2).result, ListSplitter::Result::kMalformed) << text;
  }
}

}  // namespace
}  // namespace sb::kube
