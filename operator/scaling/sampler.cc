#include "operator/scaling/sampler.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <thread>

namespace sb::scaling {
namespace {

// Idle threads look up at least this often: for samples that turned stale while servers hang.
constexpr std::chrono::seconds kLookUp{1};

using SourcePtr = std::shared_ptr<PolledSource>;

Sample OutOfTime(WallTime now) {
  return {.evidence = Evidence::kFailed,
          .at = now,
          .code = ErrorCode::kDeadlineExceeded,
          .error = "Prometheus did not answer in time"};
}

}  // namespace

class Sampler::Impl {
 public:
  Impl(Query query, const Clock& clock, SamplerOptions options, OnEvidenceChange on_evidence_change,
       Observe observe, OnNews on_news)
      : query_(std::move(query)),
        clock_(clock),
        options_(options),
        on_evidence_change_(std::move(on_evidence_change)),
        observe_(std::move(observe)),
        on_news_(std::move(on_news)),
        last_answer_(clock.Now()),
        random_(std::random_device{}()) {
    for (int i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
    }
  }

  ~Impl() { Stop(); }

  void SetWanted(const BackendKey& backend, std::vector<WantedMetric> metrics) {
    const std::lock_guard lock(mutex_);
    std::set<MetricId> ids;
    for (const WantedMetric& metric : metrics) ids.insert(metric.id);
    std::set<MetricId>& wanted = backends_[backend];
    for (const MetricId& id : wanted) {
      if (!ids.contains(id)) Unlink(id);
    }
    for (const WantedMetric& metric : metrics) Link(metric);
    wanted = std::move(ids);
    if (wanted.empty()) backends_.erase(backend);
    changed_.notify_all();
  }

  std::optional<Sample> Latest(const MetricId& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = metrics_.find(id);
    return found == metrics_.end() ? std::nullopt : PresentOf(*found->second);
  }

  std::optional<Sample> Current(const MetricId& id, Duration max_age, TimePoint deadline) {
    std::unique_lock lock(mutex_);
    const auto found = metrics_.find(id);
    if (found == metrics_.end()) return std::nullopt;
    const SourcePtr polled = found->second;
    const std::uint64_t before = polled->answers;
    for (;;) {
      const TimePoint now = clock_.Now();
      // An answer that came while this caller waited is as new as it could have had.
      if (polled->answers != before || IsGoodEnough(*polled, options_.cadence, max_age, now)) {
        return PresentOf(*polled);
      }
      // With too little time left a failure would say more about the caller than about Prometheus.
      const bool late = deadline - now < options_.timeout / 4;
      const bool busy = polled->asking ||
                        CountOf(asks_in_flight_, polled->source.url) >= options_.asks_per_server;
      if (!busy && !late) break;
      const bool hopeless = !polled->asking && late;
      if (hopeless || changed_.wait_for(lock, deadline - now) == std::cv_status::timeout) {
        return OutOfTime(clock_.WallNow());
      }
    }
    Begin(*polled);
    ++asks_in_flight_[polled->source.url];
    const Duration left = deadline - clock_.Now();
    lock.unlock();
    const Sample sample = Ask(polled->source, std::min<Duration>(left, options_.timeout));
    lock.lock();
    Release(asks_in_flight_, polled->source.url);
    const bool news = Finish(*polled, sample);
    const std::optional<Sample> present = PresentOf(*polled);
    Announce(std::move(lock), polled.get(), news);
    return present;
  }

  std::vector<std::pair<MetricId, std::optional<Sample>>> Snapshot() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<MetricId, std::optional<Sample>>> all;
    all.reserve(metrics_.size());
    for (const auto& [id, polled] : metrics_) all.emplace_back(id, PresentOf(*polled));
    return all;
  }

  std::vector<std::pair<MetricId, std::optional<Sample>>> Snapshot(
      const BackendKey& backend) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<MetricId, std::optional<Sample>>> its;
    for (auto each = metrics_.lower_bound({backend, "", ""});
         each != metrics_.end() && each->first.backend == backend; ++each) {
      its.emplace_back(each->first, PresentOf(*each->second));
    }
    return its;
  }

  Duration StuckFor() const {
    const std::lock_guard lock(mutex_);
    const TimePoint now = clock_.Now();
    TimePoint earliest = due_.empty() ? now : std::min(now, due_.begin()->first);
    for (const auto& [source, polled] : sources_) {
      if (polled->asking) earliest = std::min(earliest, polled->due);
    }
    return std::min(now - earliest, now - last_answer_);
  }

  bool PollOne() {
    std::unique_lock lock(mutex_);
    const SourcePtr polled = TakeDue(clock_.Now());
    if (polled == nullptr) {
      Announce(std::move(lock), nullptr, false);
      return false;
    }
    ++polls_in_flight_[polled->source.url];
    lock.unlock();
    const Sample sample = Ask(polled->source, options_.timeout);
    lock.lock();
    Release(polls_in_flight_, polled->source.url);
    const bool news = Finish(*polled, sample);
    Announce(std::move(lock), polled.get(), news);
    return true;
  }

  void Stop() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
  }

 private:
  using DueSet = std::set<std::pair<TimePoint, PolledSource*>>;
  using InFlight = std::map<std::string, int>;  // by url

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (PollOne()) continue;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, UntilDue(), [&] { return UntilDue() <= Duration::zero(); });
    }
  }

  static int CountOf(const InFlight& in_flight, const std::string& url) {
    const auto found = in_flight.find(url);
    return found == in_flight.end() ? 0 : found->second;
  }
  static void Release(InFlight& in_flight, const std::string& url) {
    const auto found = in_flight.find(url);
    if (--found->second == 0) in_flight.erase(found);
  }

  // Until the next poll that may start. Zero: now. Holding mutex_.
  Duration UntilDue() const {
    const TimePoint now = clock_.Now();
    for (const auto& [due, polled] : due_) {
      if (due > now) return std::min<Duration>(due - now, kLookUp);
      if (!IsSaturated(polled->source.url)) return Duration::zero();
    }
    return kLookUp;
  }

  bool IsSaturated(const std::string& url) const {
    return CountOf(polls_in_flight_, url) >= options_.per_server;
  }

  // Holding mutex_.
  SourcePtr TakeDue(TimePoint now) {
    for (const auto& [due, polled] : due_) {
      if (due > now) return nullptr;
      if (IsSaturated(polled->source.url)) continue;
      const SourcePtr taken = sources_.at(polled->source);
      Begin(*taken);
      return taken;
    }
    return nullptr;
  }

  // Holding mutex_.
  void Begin(PolledSource& polled) {
    const TimePoint now = clock_.Now();
    polled.due = due_.erase({polled.due, &polled}) > 0 ? std::min(polled.due, now) : now;
    polled.asking = true;
  }

  Sample Ask(const Source& source, Duration timeout) const {
    const TimePoint start = clock_.Now();
    const auto answer = query_(source, timeout);
    if (observe_) observe_(clock_.Now() - start, answer ? nullptr : &answer.error());
    return source.per_pod ? EvaluatePods(answer, clock_.WallNow())
                          : Evaluate(answer, clock_.WallNow());
  }

  // Whether the sample says something new. Holding mutex_. A source that nobody wants any more is
  // not scheduled again.
  bool Finish(PolledSource& polled, Sample sample) {
    const TimePoint now = clock_.Now();
    const auto old = PresentOf(polled);
    if (old && SameEvidence(*old, sample)) sample.error = old->error;
    const bool news = !old || old->evidence != sample.evidence || old->value != sample.value ||
                      old->pods != sample.pods;
    polled.sample = std::move(sample);
    polled.answered = now;
    polled.asking = false;
    ++polled.answers;
    last_answer_ = now;
    Charge(polled, options_.cadence, now);
    Schedule(polled, now);
    changed_.notify_all();
    return news;
  }

  // Plans the next background poll of a source, if there is to be one. Holding mutex_.
  void Schedule(PolledSource& polled, TimePoint now) {
    const auto interval = PollInterval(polled, options_.cadence);
    if (!interval) return;
    std::uniform_int_distribution<Duration::rep> jitter(-interval->count() / 10,
                                                        interval->count() / 10);
    polled.due = now + *interval + std::chrono::milliseconds(jitter(random_));
    due_.insert({polled.due, &polled});
  }
  void Unschedule(PolledSource& polled) { due_.erase({polled.due, &polled}); }

  // Holding mutex_.
  std::optional<Sample> PresentOf(const PolledSource& polled) const {
    return Present(polled, options_.cadence, clock_.Now());
  }

  // Adds to `told` who has to hear that the sample changed. Holding mutex_.
  void CollectChange(PolledSource& polled, std::set<BackendKey>& told) const {
    auto present = PresentOf(polled);
    if (!present || (polled.announced && SameEvidence(*polled.announced, *present))) return;
    polled.announced = std::move(present);
    for (const auto& [id, interval] : polled.wanted_by) told.insert(id.backend);
  }

  // Tells of what is new in `polled`, and now and then of samples that time has made stale.
  void Announce(std::unique_lock<std::mutex> lock, PolledSource* polled, bool news) {
    const TimePoint now = clock_.Now();
    std::set<BackendKey> told, concerned;
    if (news && on_news_) {
      for (const auto& [id, interval] : polled->wanted_by) concerned.insert(id.backend);
    }
    if (polled != nullptr) CollectChange(*polled, told);
    if (now >= next_stale_check_) {
      next_stale_check_ = now + kLookUp;
      for (const auto& [source, other] : sources_) CollectChange(*other, told);
    }
    lock.unlock();
    for (const BackendKey& backend : concerned) on_news_(backend);
    if (!on_evidence_change_) return;
    for (const BackendKey& backend : told) on_evidence_change_(backend);
  }

  // Holding mutex_.
  void Link(const WantedMetric& metric) {
    const Source source{metric.url, metric.query, metric.access, metric.per_pod};
    const auto known = metrics_.find(metric.id);
    if (known != metrics_.end()) {
      if (known->second->source == source) {
        Hasten(*known->second, metric);
        return;
      }
      Unlink(metric.id);
    }
    SourcePtr& polled = sources_[source];
    if (polled == nullptr) {
      polled = std::make_shared<PolledSource>();
      polled->source = source;
      polled->answered = clock_.Now();
    }
    Hasten(*polled, metric);
    metrics_[metric.id] = polled;
  }

  // Notes how often `metric` wants its source; one that became more urgent does not wait for what
  // was due before, one that was never asked is due at once. Holding mutex_.
  void Hasten(PolledSource& polled, const WantedMetric& metric) {
    polled.wanted_by[metric.id] = metric.interval;
    if (polled.asking) return;
    const auto interval = PollInterval(polled, options_.cadence);
    const bool scheduled = due_.contains({polled.due, &polled});
    if (!interval) return Unschedule(polled);
    const TimePoint now = clock_.Now();
    const TimePoint soon = polled.sample ? std::max(now, polled.answered + *interval) : now;
    if (scheduled && polled.due <= soon) return;
    Unschedule(polled);
    polled.due = soon;
    due_.insert({polled.due, &polled});
  }

  // Holding mutex_.
  void Unlink(const MetricId& id) {
    const auto found = metrics_.find(id);
    if (found == metrics_.end()) return;
    const SourcePtr polled = found->second;
    metrics_.erase(found);
    polled->wanted_by.erase(id);
    if (!polled->wanted_by.empty()) return;
    Unschedule(*polled);
    sources_.erase(polled->source);
  }

  const Query query_;
  const Clock& clock_;
  const SamplerOptions options_;
  const OnEvidenceChange on_evidence_change_;
  const Observe observe_;
  const OnNews on_news_;

  mutable std::mutex mutex_;  // guards everything below but threads_; never held during a query
  std::condition_variable_any changed_;  // an answer came, or something became due
  std::map<Source, SourcePtr> sources_;
  std::map<MetricId, SourcePtr> metrics_;
  std::map<BackendKey, std::set<MetricId>> backends_;
  DueSet due_;  // sources that are polled in the background and not being asked now
  InFlight polls_in_flight_;
  InFlight asks_in_flight_;
  TimePoint last_answer_;
  TimePoint next_stale_check_{};
  std::minstd_rand random_;

  std::vector<std::jthread> threads_;
};

Sampler::Sampler(Query query, const Clock& clock, SamplerOptions options,
                 OnEvidenceChange on_evidence_change, Observe observe, OnNews on_news)
    : impl_(std::make_unique<Impl>(std::move(query), clock, options, std::move(on_evidence_change),
                                   std::move(observe), std::move(on_news))) {}
Sampler::~Sampler() = default;

void Sampler::SetWanted(const BackendKey& backend, std::vector<WantedMetric> metrics) {
  impl_->SetWanted(backend, std::move(metrics));
}
void Sampler::Forget(const BackendKey& backend) { impl_->SetWanted(backend, {}); }
std::optional<Sample> Sampler::Latest(const MetricId& id) const { return impl_->Latest(id); }
std::optional<Sample> Sampler::Current(const MetricId& id, Duration max_age, TimePoint deadline) {
  return impl_->Current(id, max_age, deadline);
}
std::vector<std::pair<MetricId, std::optional<Sample>>> Sampler::Snapshot(
    const BackendKey& backend) const {
  return impl_->Snapshot(backend);
}
std::vector<std::pair<MetricId, std::optional<Sample>>> Sampler::Snapshot() const {
  return impl_->Snapshot();
}
Duration Sampler::StuckFor() const { return impl_->StuckFor(); }
bool Sampler::PollOne() { return impl_->PollOne(); }
void Sampler::Stop() { impl_->Stop(); }

}  // namespace sb::scaling
