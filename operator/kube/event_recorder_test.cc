#include "operator/kube/event_recorder.h"

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "common/testing/fake_clock.h"
#include "operator/kube/testing/fake_api_server.h"

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

// A count that is written late is a write of a settled operator, and 404 if the object's namespace
// is gone by then.
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

// PATCH is answered 404: events live for an hour.
TEST_F(EventRecorderTest, ASeriesThatTheServerForgotStartsAnew) {
  Emit("Failed");
  server_.Remove(Events(), KeyOf(Stored()[0]));
  server_.ClearRequests();
  Emit("Failed", "again");
  ASSERT_EQ(server_.requests().size(), 2u);
  EXPECT_EQ(server_.requests()[0].request.method, "PATCH");
  EXPECT_EQ(server_.requests()[0].status, 404);
  EXPECT_EQ(server_.requests()[1].request.method, "POST");
  ASSERT_EQ(Stored().size(), 1u);
  EXPECT_EQ(Stored()[0]["note"], "again");
  EXPECT_FALSE(Stored()[0].contains("series"));
  Emit("Failed");
  EXPECT_EQ(Stored()[0]["series"]["count"], 2) << "the new event has a series of its own";
}

// The key of a series: everything but the note.
TEST_F(EventRecorderTest, ADifferenceInTypeActionReasonOrObjectIsAnotherEvent) {
  const Event event{.regarding = {{"kind", "ScalableBackend"}, {"namespace", "ns"}, {"name", "a"}},
                    .type = "Warning",
                    .reason = "R",
                    .action = "A",
                    .note = "1"};
  std::vector<Event> events(6, event);
  events[1].note = "2";
  events[2].type = "Normal";
  events[3].reason = "Other";
  events[4].action = "Other";
  events[5].regarding["name"] = "b";
  for (const Event& each : events) recorder_.Emit(each);
  ASSERT_TRUE(recorder_.Flush(10s));
  EXPECT_EQ(Stored().size(), 5u);
}

TEST_F(EventRecorderTest, AnEventAboutAnOutageIsWrittenOnceItIsOver) {
  server_.DropNext({.method = "POST", .times = 5});
  const TimePoint before = clock_.Now();
  Emit("ServerUnreachable");
  EXPECT_EQ(Stored().size(), 1u);
  EXPECT_GE(clock_.Now() - before, 5 * 7500ms);
  EXPECT_LE(clock_.Now() - before, 5 * 12500ms);
  EXPECT_EQ(recorder_.dropped(), 0u);
}

TEST_F(EventRecorderTest, AServerThatIsBusySaysHowLong) {
  server_.FailNext({.method = "POST"}, 429, "TooManyRequests");
  Emit("Busy");
  EXPECT_EQ(Stored().size(), 1u);
}

TEST_F(EventRecorderTest, AnAnswerThatGotLostDoesNotMakeASecondEvent) {
  server_.DropNext({.method = "POST"}, /*after_work=*/true);
  Emit("Failed");
  EXPECT_EQ(Stored().size(), 1u);
  EXPECT_EQ(recorder_.dropped(), 0u);
  server_.DropNext({.method = "PATCH"}, /*after_work=*/true);
  Emit("Failed");
  EXPECT_EQ(Stored()[0]["series"]["count"], 2);
}

TEST_F(EventRecorderTest, GivesUpAfterItsTries) {
  server_.DropNext({.method = "POST", .times = 12});
  Emit("Failed");
  EXPECT_EQ(Stored().size(), 0u);
  EXPECT_EQ(recorder_.dropped(), 1u);
  Emit("Other");
  EXPECT_EQ(Stored().size(), 1u) << "one event must not hold up all others for ever";
}

// A namespace that is being deleted: trying for two minutes would hold up the events of others.
TEST_F(EventRecorderTest, ARefusalIsNotTriedAgain) {
  server_.FailNext({.method = "POST", .times = -1}, 403, "Forbidden");
  const TimePoint before = clock_.Now();
  Emit("Failed");
  EXPECT_EQ(clock_.Now(), before);
  EXPECT_EQ(recorder_.dropped(), 1u);
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

TEST(EventRecorderQueue, EndsAtOnceAlthoughTheServerIsAway) {
  FakeApiServer server;
  server.DropNext({.times = -1});
  Client client(server);
  EventRecorder recorder(client, {.retry_delay = 1h});
  recorder.Emit({.regarding = Json::object(), .reason = "R"});
  EXPECT_FALSE(recorder.Flush(20ms));
}  // ctest's time limit ends it otherwise

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
