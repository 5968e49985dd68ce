#include "operator/kube/body_buffer.h"

#include <gtest/gtest.h>

#include <thread>

#include "operator/kube/line_splitter.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

TimePoint In(Duration delay) { return SystemClock().Now() + delay; }

TEST(BodyBuffer, HandsOutWhatCameBeforeAFailure) {
  BodyBuffer buffer(100);
  buffer.Head({200, {}, ""});
  EXPECT_TRUE(buffer.Put("abc", [] {}));
  buffer.Fail({ErrorCode::kUnavailable, "broke", 0});
  EXPECT_EQ(buffer.WaitHead(In(1s), {})->status, 200);
  EXPECT_EQ(*buffer.Take(In(1s), {}), "abc");
  EXPECT_EQ(buffer.Take(In(1s), {}).error().code, ErrorCode::kUnavailable);
}

TEST(BodyBuffer, EndsAndTimesOutAndStops) {
  BodyBuffer buffer(100);
  EXPECT_EQ(buffer.WaitHead(In(1ms), {}).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(buffer.Take(In(1ms), {}).error().code, ErrorCode::kDeadlineExceeded);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(buffer.Take(In(1h), stop.get_token()).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(buffer.WaitHead(In(1h), stop.get_token()).error().code, ErrorCode::kCancelled);
  buffer.End();
  buffer.Fail({ErrorCode::kUnavailable, "after the end", 0});
  EXPECT_EQ(*buffer.Take(In(1s), {}), "");
}

TEST(BodyBuffer, MakesTheProducerWaitForTheReader) {
  BodyBuffer buffer(4);
  int resumed = 0;
  buffer.Put("abc", [&] { ++resumed; });
  EXPECT_EQ(resumed, 1);
  buffer.Put("def", [&] { ++resumed; });
  EXPECT_EQ(resumed, 1) << "six bytes wait, four may";
  EXPECT_EQ(*buffer.Take(In(1s), {}), "abcdef");
  EXPECT_EQ(resumed, 2);
  buffer.Put("ghijk", [&] { ++resumed; });
  buffer.Close();
  EXPECT_EQ(resumed, 3) << "a reader that leaves must not leave the producer waiting";
  EXPECT_FALSE(buffer.Put("l", [&] { ++resumed; }));
}

TEST(LineSplitter, EveryWayToCutAStreamGivesTheSameLines) {
  const std::string text = "{\"a\":\"ü€😀\"}\n\n{}\r\nlast\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineSplitter splitter(100);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
      splitter.Feed(std::string_view(text).substr(at, step), [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      });
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"{\"a\":\"ü€😀\"}", "{}", "last"})) << step;
  }
}

TEST(LineSplitter, BoundsALineAndStops) {
  LineSplitter splitter(5);
  const auto take = [](std::string_view) { return true; };
  EXPECT_EQ(splitter.Feed("12345\n123", take), LineSplitter::Result::kMore);
  EXPECT_EQ(splitter.Feed("456", take), LineSplitter::Result::kTooLong);
  LineSplitter other(5);
  EXPECT_EQ(other.Feed("a\nb\n", [](std::string_view) { return false; }),
            LineSplitter::Result::kStopped);
  EXPECT_EQ(LineSplitter(5).Feed("123456\n", take), LineSplitter::Result::kTooLong);
}

}  // namespace
}  // namespace sb::kube
