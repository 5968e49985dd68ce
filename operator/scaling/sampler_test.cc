#include "operator/scaling/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"

namespace sb::scaling {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const BackendKey kTodo{"default", "todo"};
const BackendKey kShop{"default", "shop"};
const MetricId kRate{kTodo, "api", "rate"};
const MetricId kShopRate{kShop, "api", "rate"};

// Prometheus by script, polled by the test itself.
class SamplerTest : public testing::Test {
 protected:
  static SamplerOptions NoThreads() {
    SamplerOptions options;
    options.threads = 0;
    return options;
  }

  Expected<promql::InstantVector> Answer(const std::string& url, const std::string& query) {
    asked_.push_back(url + " " + query);
    if (error_) return tl::unexpected(*error_);
    if (empty_) return promql::InstantVector{};
    return promql::InstantVector{{.labels = {}, .value = value_, .at = clock_.WallNow()}};
  }

  void Want(const MetricId& id, const std::string& query = "q",
            const std::string& url = "http://p") {
    sampler_.SetWanted(id.backend, {{id, url, query, 10s}});
  }
  int PollAll() {
    int polls = 0;
    while (sampler_.PollOne()) ++polls;
    return polls;
  }

  FakeClock clock_;
  double value_ = 5;
  bool empty_ = false;
  std::optional<Error> error_;
  std::vector<std::string> asked_;
  std::vector<BackendKey> told_, news_;
  Sampler sampler_{
      [this](const Source& source, Duration) { return Answer(source.url, source.query); },
      clock_,
      NoThreads(),
      [this](const BackendKey& key) { told_.push_back(key); },
      {},
      [this](const BackendKey& key) { news_.push_back(key); }};
};

TEST_F(SamplerTest, NothingIsKnownBeforeTheFirstAnswer) {
  EXPECT_EQ(sampler_.Latest(kRate), std::nullopt);
  Want(kRate);
  EXPECT_EQ(sampler_.Latest(kRate), std::nullopt);
  ASSERT_EQ(PollAll(), 1);
  EXPECT_EQ(sampler_.Latest(kRate)->value, 5);
  EXPECT_THAT(told_, ElementsAre(kTodo));
}

TEST_F(SamplerTest, PollsOnceAnInterval) {
  Want(kRate);
  PollAll();
  EXPECT_EQ(PollAll(), 0);
  clock_.Advance(8s);
  EXPECT_EQ(PollAll(), 0);
  clock_.Advance(4s);
  EXPECT_EQ(PollAll(), 1);
  EXPECT_THAT(told_, SizeIs(1)) << "the same evidence is no news";
}

TEST_F(SamplerTest, TellsOfEachNewNumber) {
  Want(kRate);
  PollAll();
  EXPECT_THAT(news_, ElementsAre(kTodo));
  clock_.Advance(12s);
  PollAll();
  EXPECT_THAT(news_, SizeIs(1)) << "the same number is no news";
  value_ = 6;
  clock_.Advance(12s);
  PollAll();
  EXPECT_THAT(news_, ElementsAre(kTodo, kTodo));
  EXPECT_THAT(told_, SizeIs(1)) << "it is the same evidence";
}

TEST_F(SamplerTest, EqualQueriesShareOneSample) {
  Want(kRate);
  Want(kShopRate);
  EXPECT_EQ(PollAll(), 1);
  EXPECT_EQ(sampler_.Latest(kShopRate)->value, 5);
  EXPECT_THAT(told_, ElementsAre(kShop, kTodo));
  sampler_.Forget(kTodo);
  EXPECT_EQ(sampler_.Latest(kRate), std::nullopt);
  EXPECT_EQ(sampler_.Latest(kShopRate)->value, 5);
}

TEST_F(SamplerTest, AnEditedQueryIsAskedAtOnceAndTheOldOneNoMore) {
  Want(kRate, "old");
  PollAll();
  Want(kRate, "new");
  EXPECT_EQ(sampler_.Latest(kRate), std::nullopt) << "the old query's value is not the new one's";
  clock_.Advance(20s);
  EXPECT_EQ(PollAll(), 1);
  EXPECT_THAT(asked_, ElementsAre("http://p old", "http://p new"));
}

TEST_F(SamplerTest, WantingTheSameAgainAsksNothing) {
  Want(kRate);
  PollAll();
  Want(kRate);
  EXPECT_EQ(PollAll(), 0);
}

TEST_F(SamplerTest, TellsEachChangeOfEvidenceOnce) {
  Want(kRate);
  const auto poll = [&] {
    told_.clear();
    clock_.Advance(12s);
    PollAll();
    return told_.size();
  };
  EXPECT_EQ(poll(), 1u);
  value_ = 6;
  EXPECT_EQ(poll(), 0u);
  empty_ = true;
  EXPECT_EQ(poll(), 1u);
  EXPECT_EQ(poll(), 0u);
  error_ = Error{ErrorCode::kUnavailable, "http://p answered 503", 0};
  EXPECT_EQ(poll(), 1u);
  error_->message = "http://p answered 502";
  EXPECT_EQ(poll(), 0u);
  EXPECT_EQ(sampler_.Latest(kRate)->error, "http://p answered 503") << "the words stay";
  error_.reset();
  empty_ = false;
  EXPECT_EQ(poll(), 1u) << "it recovers by itself";
  EXPECT_EQ(sampler_.Latest(kRate)->evidence, Evidence::kFresh);
}

TEST_F(SamplerTest, ASampleThatIsNotRenewedTurnsStale) {
  Want(kRate);
  PollAll();
  clock_.Advance(61s);
  EXPECT_EQ(sampler_.Latest(kRate)->evidence, Evidence::kStale);
  EXPECT_EQ(sampler_.Latest(kRate)->value, 5);
}

TEST_F(SamplerTest, CurrentAsksOnlyIfTheSampleIsOld) {
  Want(kRate);
  const auto current = [&] { return *sampler_.Current(kRate, 1s, clock_.Now() + 2500ms); };
  EXPECT_EQ(current().value, 5);
  value_ = 6;
  EXPECT_EQ(current().value, 5);
  clock_.Advance(2s);
  EXPECT_EQ(current().value, 6);
  EXPECT_THAT(asked_, SizeIs(2));
  EXPECT_EQ(PollAll(), 0) << "what the HPA asked need not be polled";
  EXPECT_EQ(sampler_.Current(kShopRate, 1s, clock_.Now() + 1s), std::nullopt);
}

TEST_F(SamplerTest, ASilentServerIsNotAskedAgainAtOnce) {
  Want(kRate);
  error_ = Error{ErrorCode::kUnavailable, "refused", 0};
  const auto current = [&] { return *sampler_.Current(kRate, 1s, clock_.Now() + 2500ms); };
  EXPECT_EQ(current().evidence, Evidence::kFailed);
  clock_.Advance(4s);
  EXPECT_EQ(current().evidence, Evidence::kFailed);
  EXPECT_THAT(asked_, SizeIs(1));
  clock_.Advance(2s);
  error_.reset();
  EXPECT_EQ(current().evidence, Evidence::kFresh);
}

TEST_F(SamplerTest, CurrentHasADeadline) {
  Want(kRate);
  const auto sample = sampler_.Current(kRate, 1s, clock_.Now() + 100ms);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(SamplerTest, SnapshotListsWhatIsWanted) {
  Want(kRate);
  Want(kShopRate, "other");
  sampler_.PollOne();
  const auto all = sampler_.Snapshot();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].first, kShopRate);
  EXPECT_NE(all[0].second.has_value(), all[1].second.has_value());
  const auto of_shop = sampler_.Snapshot(kShop);
  ASSERT_THAT(of_shop, SizeIs(1));
  EXPECT_EQ(of_shop[0].first, kShopRate);
  EXPECT_EQ(of_shop[0].second.has_value(), all[0].second.has_value());
  EXPECT_THAT(sampler_.Snapshot({"default", "no one's"}), IsEmpty());
}

// What the HPA controller's asks, one each 15 s, make of queries at Prometheus. KEDA makes one of
// each, and one more each 30 s: 0.1/s.
TEST_F(SamplerTest, TheHpaAsksHalfOfWhatKedaWould) {
  sampler_.SetWanted(kTodo, {{kRate, "http://p", "q"}});
  Duration oldest{};
  for (int i = 0; i < 240; ++i) {  // an hour
    const auto sample = sampler_.Current(kRate, 10s, clock_.Now() + 2500ms);
    ASSERT_EQ(sample->evidence, Evidence::kFresh);
    oldest = std::max<Duration>(oldest, clock_.WallNow() - sample->at);
    for (int second = 0; second < 15; ++second) {
      clock_.Advance(1s);
      PollAll();
    }
  }
  EXPECT_LE(asked_.size(), 3600 * 0.1 * 0.5);
  EXPECT_GE(asked_.size(), 3600 / 22) << "fewer would make the HPA slower for nothing";
  EXPECT_LE(oldest, 21s);
}

// A thousand HPAs with one query cost what one does.
TEST_F(SamplerTest, ManyHpasShareTheQueriesOfOne) {
  for (int i = 0; i < 50; ++i) {
    const BackendKey backend{"default", "b" + std::to_string(i)};
    sampler_.SetWanted(backend, {{{backend, "api", "m"}, "http://p", "q"}});
  }
  for (int second = 0; second < 600; ++second) {
    for (int i = second % 15; i < 50; i += 15) {
      const BackendKey backend{"default", "b" + std::to_string(i)};
      const auto sample = sampler_.Current({backend, "api", "m"}, 10s, clock_.Now() + 2500ms);
      EXPECT_EQ(sample->evidence, Evidence::kFresh);
      EXPECT_LE(clock_.WallNow() - sample->at, 21s);
    }
    clock_.Advance(1s);
    PollAll();
  }
  EXPECT_LE(asked_.size(), 600 / 20u);
}

TEST_F(SamplerTest, WithoutAnybodyAskingTheBackgroundKeepsTheEvidenceFresh) {
  sampler_.SetWanted(kTodo, {{kRate, "http://p", "q"}});
  for (int second = 0; second < 600; ++second) {
    PollAll();
    EXPECT_EQ(sampler_.Latest(kRate)->evidence, Evidence::kFresh);
    clock_.Advance(1s);
  }
  EXPECT_LE(asked_.size(), 600 / 40u);
}

TEST_F(SamplerTest, AStandbyAsksOnlyWhenItIsAsked) {
  sampler_.SetWanted(kTodo, {{kRate, "http://p", "q", kOnDemand}});
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(PollAll(), 0);
    clock_.Advance(10s);
  }
  EXPECT_EQ(sampler_.StuckFor(), 0s) << "nothing to do is not stuck";
  EXPECT_EQ(sampler_.Current(kRate, 10s, clock_.Now() + 2500ms)->value, 5);
  // It becomes the leader: its knowledge is old, so it looks at once.
  clock_.Advance(10min);
  sampler_.SetWanted(kTodo, {{kRate, "http://p", "q"}});
  EXPECT_EQ(PollAll(), 1);
}

TEST_F(SamplerTest, WhileThereIsNoEvidenceItLooksMoreOften) {
  sampler_.SetWanted(kTodo, {{kRate, "http://p", "q"}});
  empty_ = true;
  PollAll();
  clock_.Advance(11s);
  empty_ = false;
  EXPECT_EQ(PollAll(), 1);
  EXPECT_EQ(sampler_.Latest(kRate)->evidence, Evidence::kFresh);
}

// Who asks with other credentials may see other series.
TEST_F(SamplerTest, OtherCredentialsAreAnotherSample) {
  const auto token = [](const char* name_space, const char* secret) {
    return std::make_shared<const api::PrometheusAccess>(
        api::PrometheusAccess{.namespace_ = name_space, .bearer_token = {{secret, "token"}}});
  };
  sampler_.SetWanted(kTodo, {{kRate, "http://p", "q", 10s, token("default", "a")}});
  sampler_.SetWanted(kShop, {{kShopRate, "http://p", "q", 10s, token("default", "b")}});
  EXPECT_EQ(PollAll(), 2);
  sampler_.SetWanted(kShop, {{kShopRate, "http://p", "q", 10s, token("other", "a")}});
  EXPECT_EQ(PollAll(), 1) << "a Secret of the same name elsewhere is another Secret";
  sampler_.SetWanted(kShop, {{kShopRate, "http://p", "q", 10s}});
  EXPECT_EQ(PollAll(), 1);
  sampler_.SetWanted(kShop, {{kShopRate, "http://p", "q", 10s, token("default", "a")}});
  EXPECT_EQ(PollAll(), 0) << "the same credentials share";
  EXPECT_EQ(sampler_.Latest(kShopRate)->value, 5);
}

TEST_F(SamplerTest, APollThatNobodyRunsIsStuck) {
  EXPECT_EQ(sampler_.StuckFor(), 0s);
  Want(kRate);
  clock_.Advance(70s);
  EXPECT_EQ(sampler_.StuckFor(), 70s);
  error_ = Error{ErrorCode::kUnavailable, "refused", 0};
  PollAll();
  EXPECT_EQ(sampler_.StuckFor(), 0s) << "a Prometheus that is away is not our being stuck";
  clock_.Advance(9s);
  EXPECT_EQ(sampler_.StuckFor(), 0s) << "nothing is due yet";
}

}  // namespace
}  // namespace sb::scaling
