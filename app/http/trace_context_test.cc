#include "app/http/trace_context.h"

#include <gtest/gtest.h>

namespace todo::http {
namespace {

constexpr std::string_view kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view kParent = "b7ad6b7169203331";

std::string Header(std::string_view version, std::string_view trace, std::string_view parent,
                   std::string_view flags) {
  std::string header;
  for (std::string_view part : {version, trace, parent, flags}) {
    if (!header.empty()) header += '-';
    header += part;
  }
  return header;
}

TEST(TraceParent, IsRead) {
  const std::string header = Header("00", kTrace, kParent, "01");
  const auto trace = ParseTraceParent(header);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTrace);
  EXPECT_EQ(trace->parent_id, kParent);
  EXPECT_TRUE(trace->sampled);
  EXPECT_FALSE(ParseTraceParent(Header("00", kTrace, kParent, "02"))->sampled);
  EXPECT_TRUE(ParseTraceParent(Header("01", kTrace, kParent, "0f-of-the-future")));
}

TEST(TraceParent, WhatBreaksTheFormatWasNotSent) {
  const std::string zeros(32, '0');
  for (const std::string& header :
       {std::string(), Header("00", kTrace, kParent, "0"), Header("ff", kTrace, kParent, "01"),
        Header("00", zeros, kParent, "01"), Header("00", kTrace, zeros.substr(16), "01"),
        Header("00", "0AF7651916CD43DD8448EB211C80319C", kParent, "01"),
        Header("00", kTrace, kParent, "01-more"), Header("01", kTrace, kParent, "01more"),
        Header("00", "0af7651916cd43dd8448eb211c80319\"", kParent, "01"),
        Header("0x", kTrace, kParent, "01"), Header("00", kTrace, kParent, "zz")}) {
    EXPECT_FALSE(ParseTraceParent(header)) << header;
  }
}

TEST(RequestId, OnlyWhatCannotForgeALogLine) {
  EXPECT_TRUE(IsRequestId("7f3c-A.b_c:1/2+="));
  EXPECT_TRUE(IsRequestId(std::string(128, 'a')));
  for (const std::string& id : {std::string(), std::string(129, 'a'), std::string("a b"),
                                std::string("a\nb"), std::string("\"}"), std::string("\xc3\xa4")}) {
    EXPECT_FALSE(IsRequestId(id)) << id;
  }
}

TEST(RequestId, NewOnesAreValidAndDiffer) {
  const std::string one = NewRequestId(), other = NewRequestId();
  EXPECT_EQ(one.size(), 32U);
  EXPECT_TRUE(IsRequestId(one));
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace todo::http
