// Lists, watches and what is built on them.
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "operator/kube/conformance/server_under_test.h"
#include "operator/kube/discovery.h"
#include "operator/kube/event_recorder.h"
#include "operator/kube/informer.h"
#include "operator/kube/leader_elector.h"
#include "operator/kube/optional_informer.h"

namespace sb::kube {
namespace {

class Reads : public ConformanceTest {
 protected:
  void Make(int count) {
    for (int i = 0; i < count; ++i) {
      Must(client_.Create(ConfigMaps(), ConfigMap("map-" + std::to_string(i), {{"n", "1"}}), "us"),
           "create");
    }
  }
};

// Waits for something that another thread brings about.
class Awaited {
 public:
  void Changed(const std::function<void()>& change) {
    std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  bool Until(const std::function<bool()>& reached) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, reached);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

TEST_F(Reads, PagesMakeUpTheList) {
  Make(7);
  std::set<std::string> names;
  ListOptions options{.namespace_ = namespace_, .limit = 3};
  int pages = 0;
  do {
    const ListEnd end =
        Must(client_.List(ConfigMaps(), options,
                          [&](std::string_view item) -> Expected<void> {
                            names.insert(StringAt(Json::parse(item), {"metadata", "name"}));
                            return {};
                          }),
             "page");
    EXPECT_FALSE(end.resource_version.empty());
    options.continue_token = end.continue_token;
    ++pages;
  } while (!options.continue_token.empty() && pages < 10);
  // A real cluster puts kube-root-ca.crt beside them.
  names.erase("kube-root-ca.crt");
  EXPECT_EQ(names.size(), 7U);
  EXPECT_EQ(pages, 3);
}

TEST_F(Reads, MetadataIsAllThatIsSentWhenNoMoreIsAskedFor) {
  Make(1);
  int items = 0;
  Must(client_.List(ConfigMaps(),
                    {.namespace_ = namespace_,
                     .field_selector = "metadata.name=map-0",
                     .metadata_only = true},
                    [&](std::string_view text) -> Expected<void> {
                      const Json item = Json::parse(text);
                      EXPECT_EQ(StringAt(item, {"metadata", "name"}), "map-0");
                      EXPECT_FALSE(item.contains("data")) << text;
                      ++items;
                      return {};
                    }),
       "list");
  EXPECT_EQ(items, 1);
}

TEST_F(Reads, AVersionOfTheFutureIsToldApart) {
  auto listed = client_.List(ConfigMaps(),
                             {.namespace_ = namespace_, .resource_version = "9000000000000000000"},
                             [](std::string_view) -> Expected<void> { return {}; });
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::kGone) << listed.error().message;
  EXPECT_TRUE(IsTooLarge(listed.error())) << listed.error().message;
}

class ReadsByInformer : public Reads, public testing::WithParamInterface<bool> {};

// With a list and a watch, and with a streaming list: the same.
TEST_P(ReadsByInformer, FollowsEveryChange) {
  Make(3);
  Awaited awaited;
  std::vector<std::string> seen;
  InformerOptions options{.resource = ConfigMaps(), .namespace_ = namespace_};
  options.watcher.streaming_list = GetParam();
  Informer informer(
      client_, options, [&](const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now) {
        awaited.Changed([&] { seen.push_back((!old ? "+" : !now ? "-" : "~") + key.name); });
      });
  informer.Start();
  ASSERT_TRUE(informer.WaitForSync(30s)) << informer.LastError().value_or(Error{}).message;
  EXPECT_NE(informer.store().Get(Key("map-2")), nullptr);

  const Json made = Must(client_.Create(ConfigMaps(), ConfigMap("late"), "us"), "create");
  ASSERT_TRUE(informer.WaitForVersion(ResourceVersionOf(made), 30s));
  EXPECT_NE(informer.store().Get(Key("late")), nullptr);
  Must(client_.MergePatch(ConfigMaps(), Key("late"), {{"data", {{"a", "1"}}}}), "patch");
  ASSERT_TRUE(client_.Delete(ConfigMaps(), Key("late")));
  ASSERT_TRUE(awaited.Until([&] { return !seen.empty() && seen.back() == "-late"; }));
  std::erase_if(seen, [](const std::string& change) { return !change.ends_with("late"); });
  EXPECT_EQ(seen, (std::vector<std::string>{"+late", "~late", "-late"}));
  EXPECT_EQ(informer.store().Get(Key("late")), nullptr);
}
INSTANTIATE_TEST_SUITE_P(Lists, ReadsByInformer, testing::Bool(),
                         [](const auto& each) { return each.param ? "Streaming" : "Paged"; });

TEST_F(Reads, OneLeadsAndTheNextTakesOverAtOnce) {
  const auto options = [&](const char* identity) {
    return LeaderElectorOptions{.lease = Key("lease"), .identity = identity};
  };
  LeaderElector first(client_, options("first")), second(client_, options("second"));
  EXPECT_TRUE(first.TryAcquireOrRenew());
  EXPECT_FALSE(second.TryAcquireOrRenew());
  EXPECT_EQ(second.Leader(), "first");
  EXPECT_TRUE(first.TryAcquireOrRenew());
  first.Release();
  EXPECT_TRUE(second.TryAcquireOrRenew()) << "a Lease that was given up need not expire";
}

TEST_F(Reads, RepeatedEventsBecomeASeries) {
  Must(client_.Create(ConfigMaps(), ConfigMap("told-of"), "us"), "create");
  EventRecorder recorder(client_,
                         {.controller = "conformance.example.com/test", .instance = "one"});
  for (int i = 0; i < 3; ++i) {
    recorder.Emit({.regarding = RefTo(Read("told-of")),
                   .reason = "Tested",
                   .action = "Test",
                   .note = "again"});
    ASSERT_TRUE(recorder.Flush(30s));
  }
  std::vector<Json> events;
  Must(client_.List(Events(), {.namespace_ = namespace_},
                    [&](std::string_view text) -> Expected<void> {
                      Json event = Json::parse(text);
                      if (event.value("reason", "") == "Tested") events.push_back(std::move(event));
                      return {};
                    }),
       "events");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(StringAt(events[0], {"regarding", "name"}), "told-of");
  EXPECT_GE(IntAt(events[0], {"series", "count"}), 2) << events[0].dump(1);
}

// Gateway API and ServiceMonitors may be installed after us, and removed again.
TEST_F(Reads, AnApiAppearsIsFollowedAndDisappears) {
  if (RealKubeconfig() == nullptr) GTEST_SKIP() << "DiscoveryTest has it for the server in memory";
  const std::string group = namespace_ + ".example.com", name = "things." + group;
  Awaited awaited;
  std::optional<Resource> served;
  int answers = 0, announced = 0;
  OptionalInformer things(client_, {.namespace_ = namespace_},
                          [&](const ObjectKey&, const ObjectPtr&, const ObjectPtr&) {
                            awaited.Changed([&] { ++announced; });
                          });
  Discovery discovery(client_, {name}, [&](const std::string&, const std::optional<Resource>& now) {
    things.Follow(now);
    awaited.Changed([&] {
      served = now;
      ++answers;
    });
  });
  discovery.Start();
  ASSERT_TRUE(awaited.Until([&] { return answers > 0; }));
  EXPECT_FALSE(served);

  const Json definition = {
      {"apiVersion", "apiextensions.k8s.io/v1"},
      {"kind", "CustomResourceDefinition"},
      {"metadata", {{"name", name}}},
      {"spec",
       {{"group", group},
        {"scope", "Namespaced"},
        {"names",
         {{"plural", "things"},
          {"singular", "thing"},
          {"kind", "Thing"},
          {"listKind", "ThingList"}}},
        {"versions",
         {{{"name", "v1"},
           {"served", true},
           {"storage", true},
           {"schema",
            {{"openAPIV3Schema",
              {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}}}}}}};
  Must(client_.Create(CustomResourceDefinitions(), definition, "us"), "definition");
  ASSERT_TRUE(awaited.Until([&] { return served.has_value(); }));
  EXPECT_EQ(served->kind, "Thing");
  EXPECT_EQ(served->version, "v1");
  Must(client_.Create(*served,
                      {{"apiVersion", group + "/v1"},
                       {"kind", "Thing"},
                       {"metadata", {{"name", "one"}, {"namespace", namespace_}}}},
                      "us"),
       "thing");
  ASSERT_TRUE(awaited.Until([&] { return announced == 1; }));
  EXPECT_NE(things.Get(Key("one")), nullptr);

  ASSERT_TRUE(client_.Delete(CustomResourceDefinitions(), {"", name}));
  ASSERT_TRUE(awaited.Until([&] { return !served.has_value(); }));
  EXPECT_FALSE(things.IsServed());
  EXPECT_TRUE(things.List().empty());
}

}  // namespace
}  // namespace sb::kube
