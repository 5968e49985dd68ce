#include "operator/kube/testing/soak.h"

#include <memory>
#include <optional>
#include <utility>

#include "operator/kube/client.h"
#include "operator/kube/informer.h"
#include "operator/kube/object_decoder.h"
#include "operator/kube/testing/dice.h"
#include "operator/kube/testing/faulty_transport.h"
#include "operator/kube/testing/virtual_time.h"
#include "operator/kube/testing/watch_oracle.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;
using StreamingLists = FakeServerTraits::StreamingLists;

constexpr Duration kPatience = 10min;  // to catch up, once all is well
constexpr int kNamespaces = 4;
constexpr int kGroups = 7;

std::uint64_t SerialOf(const Object& object) {
  return std::strtoull(
      std::string(object.At({"metadata", "annotations", "serial"}).String()).c_str(), nullptr, 10);
}

std::vector<std::string> GroupOf(const Object& object) {
  return {std::string(object.At({"metadata", "labels", "group"}).String()), "all"};
}

// The objects of the cluster, and who writes them.
class Writer {
 public:
  Writer(const SoakPlan& plan, FakeApiServer& server, WatchOracle& oracle, Dice& dice)
      : plan_(plan),
        server_(server),
        oracle_(oracle),
        dice_(dice),
        objects_(static_cast<std::size_t>(plan.objects)) {
    for (int i = 0; i < plan.objects; ++i) {
      keys_.push_back({"ns-" + std::to_string(i % kNamespaces), "object-" + std::to_string(i)});
    }
  }

  void Write() {
    const auto which = static_cast<std::size_t>(dice_.Below(plan_.objects));
    if (!objects_[which]) return Create(which);
    const int what = dice_.Below(100);
    if (what < 6) return Remove(which);
    if (what < 12) {  // between two events of a watch, the name belongs to another object
      Remove(which);
      return Create(which);
    }
    if (what < 22) return Change(which, dice_.Chance(0.5), [](Json&) {});
    Change(which, objects_[which]->in, [&](Json& object) {
      if (what < 32) {
        object["metadata"]["labels"]["group"] = Group();
      } else if (what < 40) {
        object["status"]["phase"] = dice_.One<const char*>({"Pending", "Running", "Failed"});
      } else {
        object["spec"]["text"] = Text();
      }
    });
  }

  std::size_t writes() const { return writes_; }

  struct Known {
    std::string uid;
    bool in;  // has the label app=in
  };
  struct State {
    FakeApiServer::Backup backup;
    std::vector<std::optional<Known>> objects;
    std::uint64_t version = 0;
  };
  State BackUp() const { return {server_.BackUp(), objects_, Version()}; }
  void Restore(const State& state, std::uint64_t bump) {
    server_.Restore(state.backup, bump);
    objects_ = state.objects;
    oracle_.Restored(state.version);
  }

 private:
  std::uint64_t Version() const {
    return std::strtoull(server_.ResourceVersion().c_str(), nullptr, 10);
  }
  std::string Group() { return "g" + std::to_string(dice_.Below(kGroups)); }
  std::string Text() {
    std::string text;
    for (int i = dice_.Below(12); i >= 0; --i) {
      text += dice_.One<const char*>({"plain ", "ü", "€", "𝄞", "\n", "\\\"{", "}],", "\u0001"});
    }
    return text;
  }
  static const char* App(bool in) { return in ? "in" : "out"; }
  bool Matches(const std::optional<Known>& known) const {
    return known && (!plan_.selector || known->in);
  }

  void Create(std::size_t which) {
    const bool in = dice_.Chance(0.5);
    const ObjectKey& key = keys_[which];
    Json object{{"metadata",
                 {{"namespace", key.namespace_},
                  {"name", key.name},
                  {"annotations", {{"serial", std::to_string(writes_ + 1)}}},
                  {"labels", {{"app", App(in)}, {"group", Group()}}}}},
                {"spec", {{"text", Text()}}}};
    object = server_.Put(Pods(), std::move(object));
    Report(which, Known{UidOf(object), in}, UidOf(object));
  }
  template <typename Edit>
  void Change(std::size_t which, bool in, Edit edit) {
    server_.Edit(Pods(), keys_[which], [&](Json& object) {
      Json& metadata = object["metadata"];
      metadata["annotations"]["serial"] = std::to_string(writes_ + 1);
      if (in != objects_[which]->in) metadata["labels"]["app"] = App(in);
      edit(object);
    });
    Report(which, Known{objects_[which]->uid, in}, objects_[which]->uid);
  }
  void Remove(std::size_t which) {
    server_.Remove(Pods(), keys_[which]);
    Report(which, std::nullopt, objects_[which]->uid);
  }
  void Report(std::size_t which, std::optional<Known> now, std::string uid) {
    oracle_.Written({Version(), keys_[which], std::move(uid), ++writes_, Matches(objects_[which]),
                     Matches(now)});
    objects_[which] = std::move(now);
  }

  const SoakPlan& plan_;
  FakeApiServer& server_;
  WatchOracle& oracle_;
  Dice& dice_;
  std::vector<ObjectKey> keys_;
  std::vector<std::optional<Known>> objects_;
  std::size_t writes_ = 0;
};

class Soak {
 public:
  explicit Soak(const SoakPlan& plan)
      : plan_(plan),
        dice_(plan.seed),
        end_(time_.Now() + plan.length),
        server_(time_, plan.traits),
        oracle_(SerialOf),
        writer_(plan_, server_, oracle_, dice_),
        faults_(plan.faults ? plan.faults : RandomFaults(plan.seed + 1)),
        network_(
            server_, [this](const Request& request) { return Meet(request); }, time_),
        client_(network_),
        informer_(
            client_, Options(),
            [this](const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now) {
              oracle_.Changed(key, old, now);
            },
            time_) {
    server_.OnIdle([this](TimePoint until) { time_.PassUntilNext(until); });
  }

  SoakResult Run() {
    // Twenty bursts a second, of none to twice the average.
    Every(50ms, [this] {
      for (int i = dice_.Below(plan_.writes_per_s / 10 + 1); i > 0; --i) writer_.Write();
    });
    if (plan_.trouble) ScheduleTrouble();
    time_.At(end_, [this] { Calm(); });
    informer_.Run(stop_.get_token());
    oracle_.Finish(informer_.store());
    CheckIndexes();
    CheckContent();
    return Result();
  }

 private:
  InformerOptions Options() {
    InformerOptions options;
    options.resource = Pods();
    if (plan_.selector) options.label_selector = "app=in";
    options.metadata_only = plan_.metadata_only;
    options.indexes = {{"group", GroupOf}};
    options.watcher.streaming_list = plan_.streaming_list;
    options.watcher.page_limit = plan_.page_limit;
    options.watcher.backoff.cap = plan_.backoff_cap;
    options.watcher.watch_timeout_min_s = plan_.watch_timeout_s;
    options.watcher.watch_timeout_max_s = plan_.watch_timeout_s * 5 / 4;
    options.seed = plan_.seed + 2;
    options.observer = [this](const WatchNote& note) {
      oracle_.Noted(note, informer_.store());
      if (note.kind == WatchNote::Kind::kListed) CheckIndexes();
    };
    return options;
  }

  // Again and again until the end, after about so long each time.
  void Every(Duration mean, std::function<void()> what) {
    const TimePoint next = time_.Now() + dice_.Around(mean);
    if (next >= end_) return;
    time_.At(next, [this, mean, what = std::move(what)] {
      what();
      Every(mean, what);
    });
  }

  void ScheduleTrouble() {
    Every(90s, [this] {
      ++restarts_;
      Reshape(true);
      server_.Restart();
      if (dice_.Chance(0.5)) down_until_ = time_.Now() + dice_.Around(5s);
    });
    Every(40s, [this] { Reshape(false); });
    Every(15s, [this] { server_.CompactAllBut(static_cast<std::uint64_t>(dice_.Below(6'000))); });
    Every(60s, [this] { server_.CloseWatches(dice_.Chance(0.5)); });
    Every(120s, [this] { time_.JumpWall(dice_.Chance(0.5) ? 1h : -1h); });
    if (plan_.restore == SoakPlan::Restore::kNever) return;
    Every(180s, [this] {
      if (backup_ && time_.Now() - backed_up_at_ > 30s) {
        ++restores_;
        const bool bumped = plan_.restore == SoakPlan::Restore::kBumped;
        writer_.Restore(*backup_, bumped ? 1'000'000 : 0);
        backup_.reset();
      }
    });
    Every(60s, [this] {
      if (backup_) return;
      backup_ = writer_.BackUp();
      backed_up_at_ = time_.Now();
      // No client can tell once the counter has caught up, so let it be far behind.
      server_.SkipVersions(1'000'000);
    });
  }

  // The server becomes another one, or gets other troubles.
  void Reshape(bool restarts) {
    FakeServerTraits traits = plan_.traits;
    if (restarts) traits.watch_cache = dice_.Chance(0.8);
    traits.cache_lag = dice_.One<std::uint64_t>({0, 0, 7, 300, 3'000});
    traits.gone_by_status = dice_.Chance(0.5);
    if (dice_.Chance(0.5)) traits.watch_window = dice_.One<std::size_t>({50, 1'000, 10'000});
    traits.empty_pages = dice_.One({0, 0, 2});
    traits.bookmark_interval = dice_.One<Duration>({0s, 5s, 20s, 60s});
    server_.Become(traits);
  }

  Fault Meet(const Request& request) {
    oracle_.Asked();
    if (calm_) return {};
    if (time_.Now() < down_until_) return {.kind = Fault::Kind::kRefuse};
    return faults_(request);
  }

  // No more writes and no more trouble: now it has to catch up.
  void Calm() {
    calm_ = true;
    server_.Become({.bookmark_interval = 60s, .field_owners = false});
    time_.After(1s, [this] { StopOnceCaughtUp(); });
  }
  void StopOnceCaughtUp() {
    if (oracle_.CaughtUp() || time_.Now() > end_ + kPatience) {
      stop_.request_stop();
    } else {
      time_.After(1s, [this] { StopOnceCaughtUp(); });
    }
  }

  void CheckIndexes() {
    std::vector<std::string> groups{"all"};
    for (int i = 0; i < kGroups; ++i) groups.push_back("g" + std::to_string(i));
    oracle_.CheckIndex(informer_.store(), "group", GroupOf, groups);
  }

  // Every field of every object.
  void CheckContent() {
    for (Json object : server_.List(Pods())) {
      const ObjectPtr held = informer_.store().Get(KeyOf(object));
      if (!held) continue;  // the oracle knows whether it should be there
      if (plan_.metadata_only) object = AsPartial(object);
      const ObjectPtr expected = Freeze(object, Pods(), WithoutNoise());
      if (held->ToJson() != expected->ToJson()) wrong_.push_back(held->ToJson().dump());
    }
  }
  static Json AsPartial(const Json& object) { return {{"metadata", object["metadata"]}}; }

  SoakResult Result() const {
    SoakResult result;
    result.objections = oracle_.objections();
    for (const std::string& wrong : wrong_) {
      if (result.objections.size() < 16) result.objections.push_back("content differs: " + wrong);
    }
    result.writes = writer_.writes();
    result.events = oracle_.events();
    result.covered = oracle_.covered();
    result.lists = oracle_.lists();
    result.connections = oracle_.connections();
    result.restarts = restarts_;
    result.restores = restores_;
    result.summary =
        "backoff_cap_ms=" + std::to_string(plan_.backoff_cap / 1ms) +
        " watch_timeout_s=" + std::to_string(plan_.watch_timeout_s) +
        " writes=" + std::to_string(result.writes) + " events=" + std::to_string(result.events) +
        " covered=" + std::to_string(result.covered) + " lists=" + std::to_string(result.lists) +
        " connections=" + std::to_string(result.connections) +
        " restarts=" + std::to_string(restarts_) + " restores=" + std::to_string(restores_) +
        " objections=" + std::to_string(oracle_.objection_count() + wrong_.size()) + " faults:";
    for (int kind = 1; kind < kFaultKinds; ++kind) {
      const int count = network_.count(static_cast<Fault::Kind>(kind));
      if (count == 0) continue;
      result.summary +=
          " " + std::string(ToString(static_cast<Fault::Kind>(kind))) + "=" + std::to_string(count);
    }
    return result;
  }

  const SoakPlan plan_;
  Dice dice_;
  VirtualTime time_;
  const TimePoint end_;
  FakeApiServer server_;
  WatchOracle oracle_;
  Writer writer_;
  const FaultScript faults_;
  FaultyTransport network_;
  Client client_;
  std::stop_source stop_;
  Informer informer_;
  std::optional<Writer::State> backup_;
  TimePoint backed_up_at_;
  TimePoint down_until_;
  bool calm_ = false;
  int restarts_ = 0;
  int restores_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace

SoakPlan SoakPlan::FromSeed(std::uint32_t seed) {
  Dice dice(seed * 7919);
  SoakPlan plan;
  plan.seed = seed;
  // Each of the eight kinds of informer in turn.
  plan.selector = seed % 2 == 1;
  plan.metadata_only = seed / 2 % 2 == 1;
  plan.streaming_list = seed / 4 % 2 == 1;
  plan.writes_per_s = dice.One({20, 20, 20, 60, 60, 60, 200});
  plan.backoff_cap = dice.One<Duration>({200ms, 200ms, 1s, 1s, 4s, 30s});
  plan.watch_timeout_s = dice.One({6, 20, 20, 60, 180});
  plan.page_limit = dice.One({40, 100, 500});
  plan.traits.field_owners = false;
  plan.traits.watch_cache = dice.Chance(0.8);
  plan.traits.bookmark_interval = 60s;
  plan.traits.streaming_lists =
      dice.One({StreamingLists::kSupported, StreamingLists::kSupported, StreamingLists::kSupported,
                StreamingLists::kRefused, StreamingLists::kIgnored, StreamingLists::kNeverMarked});
  plan.restore =
      dice.One({Restore::kNever, Restore::kNever, Restore::kBumped, Restore::kBackwards});
  return plan;
}

SoakResult RunSoak(const SoakPlan& plan) { return Soak(plan).Run(); }

}  // namespace sb::kube
