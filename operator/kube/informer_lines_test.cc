// What an informer makes of lines that a healthy server does not send, line by line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/kube/client.h"
#include "operator/kube/informer.h"
#include "operator/kube/testing/fake_transport.h"
#include "operator/kube/testing/virtual_time.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::string Event(const std::string& type, const std::string& name, const std::string& version,
                  const std::string& more = "") {
  return R"({"type":")" + type + R"(","object":{"metadata":{"name":")" + name +
         R"(","namespace":"ns","resourceVersion":")" + version + "\"}" + more + "}}";
}
std::string List(const std::string& version, const std::string& items = "") {
  return R"({"items":[)" + items + R"(],"metadata":{"resourceVersion":")" + version + "\"}}";
}
constexpr char kMark[] = R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9",)"
                         R"("annotations":{"k8s.io/initial-events-end":"true"}}}})";

class InformerLines : public testing::Test {
 protected:
  // Plays what the transport has been given; says what was announced.
  std::string Run(bool streaming_list = false) {
    InformerOptions options;
    options.resource = Pods();
    options.watcher.backoff = {.base = 1s, .factor = 2, .cap = 30s, .jitter = 0};
    options.watcher.streaming_list = streaming_list;
    std::string changes;
    informer_ = std::make_unique<Informer>(
        client_, options,
        [&](const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now) {
          changes += (!old ? "+" : !now ? "-" : "~") + key.name + " ";
        },
        time_);
    std::stop_source stop;
    time_.After(10s, [&] { stop.request_stop(); });
    informer_->Run(stop.get_token());
    return changes;
  }
  // Of lists and watches, the version that was asked for.
  std::string Asked(std::size_t request) {
    const std::string target = Target(transport_.requests().at(request));
    const std::size_t at = target.find("resourceVersion=");
    const std::string version =
        at == std::string::npos ? "" : target.substr(at + 16, target.find('&', at) - at - 16);
    return (target.find("watch=true") == std::string::npos ? "list " : "watch ") + version;
  }

  VirtualTime time_;
  FakeTransport transport_;
  Client client_{transport_};
  std::unique_ptr<Informer> informer_;
};

class InformerErrorLine : public InformerLines, public testing::WithParamInterface<const char*> {};

TEST_P(InformerErrorLine, EndsInAListWhateverItsCode) {
  transport_.Answer(200, List("5"));
  transport_.Play({Event("ADDED", "a", "6"),
                   R"({"type":"ERROR","object":)" + std::string(GetParam()) + "}",
                   Event("ADDED", "not read any more", "8")});
  transport_.Answer(
      200, List("9", R"({"metadata":{"name":"b","namespace":"ns","resourceVersion":"7"}})"));
  EXPECT_EQ(Run(), "+a -a +b ");
  EXPECT_EQ(Asked(2), "list 6");
}
constexpr const char* kStatuses[] = {R"({"kind":"Status","code":410,"reason":"Expired"})",
                                     R"({"kind":"Status","code":500,"reason":"StorageReadError"})",
                                     R"({"kind":"Status","code":418,"reason":"Teapot"})",
                                     R"({"kind":"Status"})",
                                     "{}",
                                     "7"};
INSTANTIATE_TEST_SUITE_P(Each, InformerErrorLine, testing::ValuesIn(kStatuses));

TEST_F(InformerLines, WhatFollowsAnErrorInTheSamePacketIsNotRead) {
  transport_.Answer(200, List("5"));
  transport_.Play({R"({"type":"ERROR","object":{"code":500}})"
                   "\n" +
                   Event("ADDED", "a", "6")});
  EXPECT_EQ(Run(), "");
}

TEST_F(InformerLines, ObjectsOfAnotherKindAndUnknownEventsAreSkipped) {
  transport_.Answer(200, List("5"));
  transport_.Play({Event("SPARKLE", "a", "6"), Event("ADDED", "b", "7", R"(,"kind":"Service")"),
                   R"({"type":"ADDED","object":{"kind":"Table","rows":[]}})", R"({"type":"ADDED"})",
                   Event("ADDED", "c", "8", R"(,"kind":"Pod")"),
                   Event("ADDED", "d", "9", R"(,"kind":"PartialObjectMetadata")")});
  EXPECT_EQ(Run(), "+c +d ");
}

TEST_F(InformerLines, AVersionOf25DigitsIsKeptToTheLastDigit) {
  const std::string before = "9999999999999999999999999", after = "10000000000000000000000000";
  transport_.Answer(200, List(before));
  transport_.Play({Event("ADDED", "a", after)});
  transport_.Play({});
  EXPECT_EQ(Run(), "+a ");
  EXPECT_EQ(Asked(1), "watch " + before);
  EXPECT_EQ(Asked(2), "watch " + after);
  EXPECT_TRUE(informer_->store().HasReached(before));
}

TEST_F(InformerLines, VersionsWithoutAnOrderWork) {
  transport_.Answer(200, List("x-7"));
  transport_.Play({Event("ADDED", "a", "c-3"), Event("MODIFIED", "a", "b-1")});
  transport_.Play({});
  EXPECT_EQ(Run(), "+a ~a ");
  EXPECT_EQ(Asked(2), "watch b-1");
}

TEST_F(InformerLines, InitialEventsMayAlreadyBeChangesAndDeletions) {
  transport_.Play({Event("ADDED", "a", "3"), Event("ADDED", "b", "4"), Event("MODIFIED", "a", "5"),
                   Event("DELETED", "b", "6"), kMark, Event("ADDED", "c", "10")});
  EXPECT_EQ(Run(true), "+a +c ");
  EXPECT_EQ(informer_->store().Get({"ns", "a"})->resource_version(), "5");
}

TEST_F(InformerLines, OnlyTheValueOfTheMarkEndsInitialEvents) {
  transport_.Play({Event("ADDED", "a", "3"),
                   R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"4"}}})",
                   R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5",)"
                   R"("annotations":{"k8s.io/initial-events-end":"false"}}}})"},
                  Error{ErrorCode::kUnavailable, "broke", 0});
  EXPECT_EQ(Run(true), "");
  EXPECT_FALSE(informer_->Synced());
}

TEST_F(InformerLines, AListThatIsATableOrHasNoVersionIsAskedForAgain) {
  transport_.Answer(200, R"({"kind":"Table","rows":[],"metadata":{"resourceVersion":"4"}})");
  transport_.Answer(200, R"({"items":[],"metadata":{}})");
  transport_.Answer(200, List("5", R"({"metadata":{"name":"a","resourceVersion":"2"}})"));
  EXPECT_EQ(Run(), "+a ");
  EXPECT_EQ(Asked(3), "watch 5");
}

TEST_F(InformerLines, AServerThatAcceptsAndClosesAtOnceIsNotHammered) {
  transport_.Answer(200, List("5"));
  for (int i = 0; i < 100; ++i) transport_.Play({});
  for (int i = 0; i < 100; ++i) transport_.Answer(200, List("5"));
  Run();
  EXPECT_LE(transport_.requests().size(), 10u) << "in ten seconds";
}

}  // namespace
}  // namespace sb::kube
