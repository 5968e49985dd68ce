#include "operator/api/quantity.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace sb::api {
namespace {

struct Case {
  const char* text;
  std::int64_t milli;
  const char* canonical;
};

class Valid : public testing::TestWithParam<Case> {};

TEST_P(Valid, ParsesAndPrintsAsTheApiServerDoes) {
  const auto quantity = Quantity::Parse(GetParam().text);
  ASSERT_TRUE(quantity) << GetParam().text;
  EXPECT_EQ(quantity->milli(), GetParam().milli) << GetParam().text;
  EXPECT_EQ(quantity->ToString(), GetParam().canonical) << GetParam().text;
  const auto again = Quantity::Parse(quantity->ToString());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *quantity);
  EXPECT_EQ(again->ToString(), quantity->ToString());
}

INSTANTIATE_TEST_SUITE_P(
    Quantity, Valid,
    testing::Values(
        Case{"0", 0, "0"}, Case{"1", 1000, "1"}, Case{"500m", 500, "500m"},
        Case{"0.5", 500, "500m"}, Case{".5", 500, "500m"}, Case{"1.", 1000, "1"},
        Case{"1000m", 1000, "1"}, Case{"+3", 3000, "3"}, Case{"-2", -2000, "-2"},
        Case{"-0.5", -500, "-500m"}, Case{"1500", 1'500'000, "1500"}, Case{"1000", 1'000'000, "1k"},
        Case{"10Gi", 10'737'418'240'000, "10Gi"}, Case{"10240Mi", 10'737'418'240'000, "10Gi"},
        Case{"1.5Gi", 1'610'612'736'000, "1536Mi"}, Case{"65536Ki", 67'108'864'000, "64Mi"},
        Case{"0.5Ki", 512'000, "512"}, Case{"1e3", 1'000'000, "1e3"}, Case{"1E3", 1'000'000, "1e3"},
        Case{"1e-3", 1, "1e-3"}, Case{"12e6", 12'000'000'000, "12e6"}, Case{"1n", 1, "1m"},
        Case{"100u", 1, "1m"}, Case{"1001u", 2, "2m"}, Case{"-1n", -1, "-1m"},
        Case{"0.0001", 1, "1m"}, Case{"0.00000000000000000000001", 1, "1m"},
        Case{"9P", 9'000'000'000'000'000'000, "9P"},
        Case{"0.001E", 1'000'000'000'000'000'000, "1P"},
        Case{"000000000000000000000000000000000000001", 1000, "1"}));

TEST(Quantity, RefusesWhatTheApiServerRefusesAndWhatIsTooLarge) {
  for (const char* text : {"",
                           " ",
                           "-",
                           "+",
                           ".",
                           "m",
                           "Gi",
                           "1 Gi",
                           "1gi",
                           "1K",
                           "1mi",
                           "--1",
                           "1..2",
                           "1e",
                           "1e+",
                           "1e1.5",
                           "1e99",
                           "NaN",
                           "Inf",
                           "0x10",
                           "1_000",
                           "10E",
                           "1Ei",
                           "9999999999999999999",
                           "99999999999999999999999999999999999999999",
                           "1e18",
                           "9.3P"}) {
    EXPECT_FALSE(Quantity::Parse(text)) << text;
  }
  EXPECT_FALSE(Quantity::Parse(std::string(1000, '1')));
  EXPECT_FALSE(Quantity::Parse(std::string("1\0", 2)));
}

TEST(Quantity, ComparesByValue) {
  EXPECT_EQ(*Quantity::Parse("1Gi"), *Quantity::Parse("1024Mi"));
  EXPECT_LT(*Quantity::Parse("1G"), *Quantity::Parse("1Gi"));
  EXPECT_GT(*Quantity::Parse("1"), *Quantity::Parse("999m"));
}

}  // namespace
}  // namespace sb::api
