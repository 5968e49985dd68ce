#include "operator/kube/event_recorder.h"

#include <gtest/gtest.h>

#include "operator/kube/testing/fake_api_server.h"
#include "operator/kube/testing/fake_clock.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

class EventRecorderTest : public testing::Test {
 protected:
  void Emit(const std::string& reason, const std::string& note = "note",
            const std::string& object = "todo") {
    recorder_.Emit({.regarding = {{"kind", "ScalableBackend"},
                                  {"namespace", "ns"},
                                  {"name", object},
                                  {"uid", object}},
                    .type = "Warning",
                    .reason = reason,
                    .action = "Reconcile",
                    .note = note});
    ASSERT_TRUE(recorder_.Flush(10s));
  }
  std::vector<Json> Stored() { return server_.List(Events(), "ns"); }

  FakeApiServer server_;
  Client client_{server_};
  FakeClock clock_;
  EventRecorder recorder_{client_, {.instance = "me"}, clock_};
};

TEST_F(EventRecorderTest, WritesWhatDescribeShows) {
  Emit("MigrationFailed", "Job todo-migrate failed");
  ASSERT_EQ(Stored().size(), 1u);
  const Json event = Stored()[0];
  EXPECT_EQ(event["apiVersion"], "events.k8s.io/v1");
  EXPECT_EQ(event["reason"], "MigrationFailed");
  EXPECT_EQ(event["note"], "Job todo-migrate failed");
  EXPECT_EQ(event["reportingController"], "scalablebackend.io/operator");
  EXPECT_EQ(event["reportingInstance"], "me");
  EXPECT_EQ(event["regarding"]["name"], "todo");
  EXPECT_TRUE(event.contains("eventTime"));
  EXPECT_FALSE(event.contains("series"));
}

TEST_F(EventRecorderTest, RepeatsBecomeASeriesThatIsWrittenRarely) {
  for (int i = 0; i < 100; ++i) {
    Emit("Failed", "attempt " + std::to_string(i));
    clock_.Advance(10s);
  }
  ASSERT_EQ(Stored().size(), 1u);
  EXPECT_EQ(Stored()[0]["series"]["count"], 2) << "at its second occurrence";
  EXPECT_EQ(server_.writes().size(), 2u);
  for (int i = 0; i < 100; ++i) {
    Emit("Failed");
    clock_.Advance(10s);
  }
  EXPECT_EQ(server_.writes().size(), 3u) << "then every 30 minutes";
  EXPECT_GT(Stored()[0]["series"]["count"], 150);
}

// A count that is written late is a write of a settled operator, and 404 if the object's namespace is gone by then.
TEST_F(EventRecorderTest, ASeriesEndsAfterSixQuietMinutesWithoutAWord) {
  Emit("Failed");
  Emit("Failed");
  Emit("Failed");
  const auto writes = server_.writes().size();
  clock_.Advance(7min);
  Emit("Other");
  EXPECT_EQ(server_.writes().size(), writes + 1);
  Emit("Failed");
  EXPECT_EQ(Stored().size(), 3u) << "a new series";
}

TEST_F(EventRecorderTest, ASeriesThatTheServerForgotStartsAnew) {
  Emit("Failed");
  server_.Remove(Events(), KeyOf(Stored()[0]));
  Emit("Failed");
  EXPECT_EQ(Stored().size(), 1u);
}

TEST_F(EventRecorderTest, OneObjectCannotFlood) {
  for (int i = 0; i < 100; ++i) Emit("Reason" + std::to_string(i));
  EXPECT_EQ(Stored().size(), 25u);
  EXPECT_EQ(recorder_.dropped(), 75u);
  Emit("Other", "note", "another");
  EXPECT_EQ(Stored().size(), 26u) << "others are not affected";
  clock_.Advance(5min);
  Emit("Later");
  EXPECT_EQ(Stored().size(), 27u);
}

TEST_F(EventRecorderTest, LongTextsAreCutAtACharacter) {
  std::string note;
  for (int i = 0; i < 1000; ++i) note += "ü";
  Emit(std::string(200, 'R'), note);
  const Json event = Stored().at(0);
  EXPECT_LE(event["note"].get<std::string>().size(), 1024u);
  EXPECT_TRUE(event["note"].get<std::string>().ends_with("ü…"));
  EXPECT_LE(event["reason"].get<std::string>().size(), 128u);
}

TEST(EventRecorderQueue, IsBoundedAndNeverBlocks) {
  FakeApiServer server;
  Client client(server);
  std::mutex gate;
  std::unique_lock closed(gate);
  server.OnRequest([&](const Request&) { std::lock_guard wait(gate); });
  EventRecorder recorder(client, {.queue_limit = 5});
  for (int i = 0; i < 50; ++i)
    recorder.Emit({.regarding = Json::object(), .reason = "R" + std::to_string(i)});
  EXPECT_GE(recorder.dropped(), 44u);
  closed.unlock();
  EXPECT_TRUE(recorder.Flush(10s));
}

}  // namespace
}  // namespace sb::kube
