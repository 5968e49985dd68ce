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

// A (url, query) that at least one metric wants.
struct Source {
  std::string url;
  std::string query;
  std::map<MetricId, std::chrono::milliseconds> wanted_by;  // and how often
  std::optional<Sample> sample;
  TimePoint answered;  // of `sample`; since it is wanted while there is none
  bool asking = false;
  std::uint64_t answers = 0;
  TimePoint due;                    // while not asking
  std::optional<Sample> announced;  // what on_evidence_change last told
};
using SourcePtr = std::shared_ptr<Source>;

// Whether a failure is the server's silence, which another call will meet as well.
bool IsSilence(const Sample& sample) {
  return sample.evidence == Evidence::kFailed &&
         (sample.code == ErrorCode::kUnavailable || sample.code == ErrorCode::kDeadlineExceeded);
}

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
       Observe observe)
      : query_(std::move(query)),
        clock_(clock),
        options_(options),
        on_evidence_change_(std::move(on_evidence_change)),
        observe_(std::move(observe)),
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
    return found == metrics_.end() ? std::nullopt : Present(*found->second, clock_.Now());
  }

  std::optional<Sample> Current(const MetricId& id, Duration max_age, TimePoint deadline) {
    std::unique_lock lock(mutex_);
    const auto found = metrics_.find(id);
    if (found == metrics_.end()) return std::nullopt;
    const SourcePtr source = found->second;
    const TimePoint now = clock_.Now();
    if (IsYoung(*source, max_age, now)) return Present(*source, now);
    const Duration left = deadline - now;
    if (source->asking) {
      const std::uint64_t before = source->answers;
      if (!changed_.wait_for(lock, left, [&] { return source->answers != before; })) {
        return OutOfTime(clock_.WallNow());
      }
      return Present(*source, clock_.Now());
    }
    // With too little time left a failure would say more about the caller than about Prometheus.
    if (left < options_.timeout / 4) return OutOfTime(clock_.WallNow());
    Begin(*source);
    lock.unlock();
    const Sample sample = Ask(*source, std::min<Duration>(left, options_.timeout));
    lock.lock();
    Finish(*source, sample);
    const std::optional<Sample> present = Present(*source, clock_.Now());
    Announce(std::move(lock), source.get());
    return present;
  }

  std::vector<std::pair<MetricId, std::optional<Sample>>> Snapshot() const {
    const std::lock_guard lock(mutex_);
    const TimePoint now = clock_.Now();
    std::vector<std::pair<MetricId, std::optional<Sample>>> all;
    all.reserve(metrics_.size());
    for (const auto& [id, source] : metrics_) all.emplace_back(id, Present(*source, now));
    return all;
  }

  std::optional<Duration> SinceLastAnswer() const {
    const std::lock_guard lock(mutex_);
    std::optional<Duration> shortest;
    const TimePoint now = clock_.Now();
    for (const auto& [key, source] : sources_) {
      const Duration since = now - source->answered;
      if (!shortest || since < *shortest) shortest = since;
    }
    return shortest;
  }

  bool PollOne() {
    std::unique_lock lock(mutex_);
    const SourcePtr source = TakeDue(clock_.Now());
    if (source == nullptr) {
      Announce(std::move(lock), nullptr);
      return false;
    }
    ++polls_in_flight_[source->url];
    lock.unlock();
    const Sample sample = Ask(*source, options_.timeout);
    lock.lock();
    const auto in_flight = polls_in_flight_.find(source->url);
    if (--in_flight->second == 0) polls_in_flight_.erase(in_flight);
    Finish(*source, sample);
    Announce(std::move(lock), source.get());
    return true;
  }

  void Stop() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
  }

 private:
  using DueSet = std::set<std::pair<TimePoint, Source*>>;

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (PollOne()) continue;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, UntilDue(), [&] { return UntilDue() <= Duration::zero(); });
    }
  }

  // Until the next poll that may start. Zero: now. Holding mutex_.
  Duration UntilDue() const {
    const TimePoint now = clock_.Now();
    for (const auto& [due, source] : due_) {
      if (due > now) return std::min<Duration>(due - now, kLookUp);
      if (!IsSaturated(source->url)) return Duration::zero();
    }
    return kLookUp;
  }

  bool IsSaturated(const std::string& url) const {
    const auto found = polls_in_flight_.find(url);
    return found != polls_in_flight_.end() && found->second >= options_.per_server;
  }

  // Holding mutex_.
  SourcePtr TakeDue(TimePoint now) {
    for (const auto& [due, source] : due_) {
      if (due > now) return nullptr;
      if (IsSaturated(source->url)) continue;
      const SourcePtr taken = sources_.at({source->url, source->query});
      Begin(*taken);
      return taken;
    }
    return nullptr;
  }

  // Holding mutex_.
  void Begin(Source& source) {
    due_.erase({source.due, &source});
    source.asking = true;
  }

  Sample Ask(const Source& source, Duration timeout) const {
    const TimePoint start = clock_.Now();
    const auto answer = query_(source.url, source.query, timeout);
    if (observe_) observe_(clock_.Now() - start, answer ? nullptr : &answer.error());
    return Evaluate(answer, clock_.WallNow());
  }

  // Holding mutex_. A source that nobody wants any more is not scheduled again.
  void Finish(Source& source, Sample sample) {
    const TimePoint now = clock_.Now();
    if (const auto old = Present(source, now); old && SameEvidence(*old, sample)) {
      sample.error = old->error;
    }
    source.sample = std::move(sample);
    source.answered = now;
    source.asking = false;
    ++source.answers;
    if (!source.wanted_by.empty()) {
      const std::chrono::milliseconds interval = IntervalOf(source);
      std::uniform_int_distribution<Duration::rep> jitter(-interval.count() / 10,
                                                          interval.count() / 10);
      source.due = now + interval + std::chrono::milliseconds(jitter(random_));
      due_.insert({source.due, &source});
    }
    changed_.notify_all();
  }

  // Holding mutex_.
  std::chrono::milliseconds IntervalOf(const Source& source) const {
    std::chrono::milliseconds shortest = std::chrono::milliseconds::max();
    for (const auto& [id, interval] : source.wanted_by) {
      shortest = std::min(shortest, interval.count() > 0 ? interval : options_.interval);
    }
    return shortest;
  }

  // The sample as of now: a fresh one may have turned stale meanwhile. Holding mutex_.
  std::optional<Sample> Present(const Source& source, TimePoint now) const {
    std::optional<Sample> sample = source.sample;
    if (sample && sample->evidence == Evidence::kFresh &&
        now - source.answered > options_.stale_after) {
      sample->evidence = Evidence::kStale;
      sample->error = "Prometheus has not been heard of for too long; the last value is not used";
    }
    return sample;
  }

  bool IsYoung(const Source& source, Duration max_age, TimePoint now) const {
    if (!source.sample) return false;
    const Duration limit =
        IsSilence(*source.sample) ? std::max<Duration>(max_age, options_.failure_max_age) : max_age;
    return now - source.answered <= limit;
  }

  // Adds to `told` who has to hear that `source` changed. Holding mutex_.
  void CollectChange(Source& source, TimePoint now, std::set<BackendKey>& told) const {
    auto present = Present(source, now);
    if (!present || (source.announced && SameEvidence(*source.announced, *present))) return;
    source.announced = std::move(present);
    for (const auto& [id, interval] : source.wanted_by) told.insert(id.backend);
  }

  // Tells of a change of `source`, and now and then of samples that time has made stale.
  void Announce(std::unique_lock<std::mutex> lock, Source* source) {
    const TimePoint now = clock_.Now();
    std::set<BackendKey> told;
    if (source != nullptr) CollectChange(*source, now, told);
    if (now >= next_stale_check_) {
      next_stale_check_ = now + kLookUp;
      for (const auto& [key, other] : sources_) CollectChange(*other, now, told);
    }
    lock.unlock();
    if (!on_evidence_change_) return;
    for (const BackendKey& backend : told) on_evidence_change_(backend);
  }

  // Holding mutex_.
  void Link(const WantedMetric& metric) {
    const auto known = metrics_.find(metric.id);
    if (known != metrics_.end()) {
      if (known->second->url == metric.url && known->second->query == metric.query) {
        Hasten(*known->second, metric);
        return;
      }
      Unlink(metric.id);
    }
    SourcePtr& source = sources_[{metric.url, metric.query}];
    if (source == nullptr) {
      source = std::make_shared<Source>();
      source->url = metric.url;
      source->query = metric.query;
      source->due = clock_.Now();
      source->answered = source->due;
      due_.insert({source->due, source.get()});
    }
    Hasten(*source, metric);
    metrics_[metric.id] = source;
  }

  // Notes how often `metric` wants its source; one that became more urgent does not wait for what
  // was due before. Holding mutex_.
  void Hasten(Source& source, const WantedMetric& metric) {
    source.wanted_by[metric.id] = metric.interval;
    const TimePoint soon = clock_.Now() + IntervalOf(source);
    if (source.asking || source.due <= soon) return;
    due_.erase({source.due, &source});
    source.due = soon;
    due_.insert({source.due, &source});
  }

  // Holding mutex_.
  void Unlink(const MetricId& id) {
    const auto found = metrics_.find(id);
    if (found == metrics_.end()) return;
    const SourcePtr source = found->second;
    metrics_.erase(found);
    source->wanted_by.erase(id);
    if (!source->wanted_by.empty()) return;
    due_.erase({source->due, source.get()});
    sources_.erase({source->url, source->query});
  }

  const Query query_;
  const Clock& clock_;
  const SamplerOptions options_;
  const OnEvidenceChange on_evidence_change_;
  const Observe observe_;

  mutable std::mutex mutex_;  // guards everything below but threads_; never held during a query
  std::condition_variable_any changed_;  // an answer came, or something became due
  std::map<std::pair<std::string, std::string>, SourcePtr> sources_;
  std::map<MetricId, SourcePtr> metrics_;
  std::map<BackendKey, std::set<MetricId>> backends_;
  DueSet due_;  // sources that are not being asked
  std::map<std::string, int> polls_in_flight_;
  TimePoint next_stale_check_{};
  std::minstd_rand random_;

  std::vector<std::jthread> threads_;
};

Sampler::Sampler(Query query, const Clock& clock, SamplerOptions options,
                 OnEvidenceChange on_evidence_change, Observe observe)
    : impl_(std::make_unique<Impl>(std::move(query), clock, options, std::move(on_evidence_change),
                                   std::move(observe))) {}
Sampler::~Sampler() = default;

void Sampler::SetWanted(const BackendKey& backend, std::vector<WantedMetric> metrics) {
  impl_->SetWanted(backend, std::move(metrics));
}
void Sampler::Forget(const BackendKey& backend) { impl_->SetWanted(backend, {}); }
std::optional<Sample> Sampler::Latest(const MetricId& id) const { return impl_->Latest(id); }
std::optional<Sample> Sampler::Current(const MetricId& id, Duration max_age, TimePoint deadline) {
  return impl_->Current(id, max_age, deadline);
}
std::vector<std::pair<MetricId, std::optional<Sample>>> Sampler::Snapshot() const {
  return impl_->Snapshot();
}
std::optional<Duration> Sampler::SinceLastAnswer() const { return impl_->SinceLastAnswer(); }
bool Sampler::PollOne() { return impl_->PollOne(); }
void Sampler::Stop() { impl_->Stop(); }

}  // namespace sb::scaling
