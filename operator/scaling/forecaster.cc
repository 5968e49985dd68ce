#include "operator/scaling/forecaster.h"

#include <algorithm>
#include <utility>

namespace sb::scaling {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kTimeout{5};
constexpr seconds kLeaveAlone{60};
constexpr int kMostSilences = 3;
constexpr seconds kEarliest = minutes(10);
constexpr seconds kLatest = minutes(1);
constexpr seconds kIdle{2};

// The server's silence, which the next question will meet as well. Anything else is about the
// query.
bool IsSilence(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kTooManyRequests;
}

seconds EarlyFor(const BackendKey& backend) {
  const std::size_t spread = std::hash<std::string>()(backend.namespace_name + "/" + backend.name);
  return kLatest + seconds(spread % static_cast<std::size_t>((kEarliest - kLatest).count()));
}

bool SamePast(const WantedPast& a, const WantedPast& b) {
  const auto same_metric = [](const WantedPast::Metric& one, const WantedPast::Metric& other) {
    return one.policy.name == other.policy.name && one.policy.target == other.policy.target &&
           one.source == other.source;
  };
  return a.anticipation.season == b.anticipation.season &&
         a.anticipation.history_days == b.anticipation.history_days &&
         a.anticipation.look_ahead == b.anticipation.look_ahead &&
         a.anticipation.timezone == b.anticipation.timezone && a.tolerance == b.tolerance &&
         std::equal(a.metrics.begin(), a.metrics.end(), b.metrics.begin(), b.metrics.end(),
                    same_metric);
}

}  // namespace

Forecaster::Forecaster(QueryRange query_range, const Clock& clock, OnChange on_change)
    : query_range_(std::move(query_range)), clock_(clock), on_change_(std::move(on_change)) {}

void Forecaster::SetWanted(const BackendKey& backend, std::vector<WantedPast> workloads) {
  const std::lock_guard lock(workloads_mutex_);
  std::map<Key, Workload> old;
  for (auto each = workloads_.lower_bound({backend, ""});
       each != workloads_.end() && each->first.first == backend;) {
    old.insert(workloads_.extract(each++));
  }
  for (WantedPast& wanted : workloads) {
    const Key key{backend, wanted.target};
    const auto known = old.find(key);
    if (known != old.end() && SamePast(known->second.wanted, wanted)) {
      known->second.wanted = std::move(wanted);
      workloads_.insert(old.extract(known));
      continue;
    }
    Workload workload{.wanted = std::move(wanted), .early = EarlyFor(backend)};
    if (known != old.end()) workload.announced = known->second.announced;
    for (const WantedPast::Metric& metric : workload.wanted.metrics) {
      workload.pasts.push_back({metric, {}});
    }
    workloads_.emplace(key, std::move(workload));
  }
}

Forecaster::Floor Forecaster::FloorOf(const BackendKey& backend, const std::string& target) const {
  const std::lock_guard lock(workloads_mutex_);
  const auto found = workloads_.find({backend, target});
  return found == workloads_.end() ? Floor{} : FloorAt(found->second, clock_.WallNow());
}

std::map<std::string, Forecaster::Floor> Forecaster::FloorsOf(const BackendKey& backend) const {
  const std::lock_guard lock(workloads_mutex_);
  std::map<std::string, Floor> floors;
  for (auto each = workloads_.lower_bound({backend, ""});
       each != workloads_.end() && each->first.first == backend; ++each) {
    floors.emplace(each->first.second, FloorAt(each->second, clock_.WallNow()));
  }
  return floors;
}

std::map<std::pair<BackendKey, std::string>, Forecaster::Floor> Forecaster::Floors() const {
  const std::lock_guard lock(workloads_mutex_);
  std::map<std::pair<BackendKey, std::string>, Floor> floors;
  const WallTime now = clock_.WallNow();
  for (const auto& [key, workload] : workloads_) floors.emplace(key, FloorAt(workload, now));
  return floors;
}

// Holding workloads_mutex_.
Forecaster::Floor Forecaster::FloorAt(const Workload& workload, WallTime now) const {
  Floor floor{.loading = !workload.asked_once};
  for (const Past& past : workload.pasts) {
    // The latest hour that is wholly known: the present one, or the end of the one before.
    for (auto hour = past.hours.rbegin(); hour != past.hours.rend(); ++hour) {
      if (hour->first > now || hour->second.asked < hour->second.spans.size()) continue;
      auto anticipated = Anticipate(workload.wanted.anticipation, workload.wanted.max_replicas,
                                    past.metric.policy.name, hour->second.season, now);
      if (anticipated &&
          (!floor.anticipated || anticipated->replicas > floor.anticipated->replicas)) {
        floor.anticipated = std::move(anticipated);
      }
      break;
    }
  }
  return floor;
}

std::optional<Forecaster::Question> Forecaster::NextQuestion() {
  const std::lock_guard lock(workloads_mutex_);
  const TimePoint now = clock_.Now();
  const WallTime wall = clock_.WallNow();
  const WallTime present = HourOf(wall);
  for (auto& [key, workload] : workloads_) {
    for (std::size_t i = 0; i < workload.pasts.size(); ++i) {
      Past& past = workload.pasts[i];
      std::erase_if(past.hours, [&](const auto& hour) {
        return hour.first < present - hours(1) || hour.first > present + hours(1);
      });
      if (const auto silent = silent_.find(past.metric.source.url);
          silent != silent_.end() && silent->second.until > now) {
        continue;
      }
      for (const WallTime hour : {present, present + hours(1)}) {
        if (hour > wall + workload.early) continue;
        Past::Hour& of = past.hours[hour];
        if (of.spans.empty()) {
          of.spans = FormerSpans(workload.wanted.anticipation, hour);
          of.season = {hour, std::vector<Needs>(of.spans.size())};
        }
        if (of.asked == of.spans.size()) continue;
        return Question{key, i, hour, of.asked, past.metric.source, of.spans[of.asked]};
      }
    }
  }
  return std::nullopt;
}

bool Forecaster::AskOne() {
  const auto question = NextQuestion();
  if (!question) return false;
  Note(*question, query_range_(question->source,
                               {question->range.from, question->range.to, kRecordStep}, kTimeout));
  return true;
}

void Forecaster::Note(const Question& question,
                      const Expected<std::vector<promql::Series>>& answer) {
  const std::lock_guard lock(workloads_mutex_);
  const bool silent = !answer && IsSilence(answer.error().code);
  if (silent) {
    Silence& silence = silent_[question.source.url];
    silence.until = clock_.Now() + kLeaveAlone * std::min(++silence.times, 2);
  } else {
    silent_.erase(question.source.url);
  }
  const auto found = workloads_.find(question.key);
  if (found == workloads_.end() || question.metric >= found->second.pasts.size()) return;
  Workload& workload = found->second;
  Past& past = workload.pasts[question.metric];
  const auto hour = past.hours.find(question.hour);
  // The spec has changed meanwhile, or the hour has passed.
  if (past.metric.source != question.source || hour == past.hours.end() ||
      hour->second.asked != question.span ||
      hour->second.spans[question.span].from != question.range.from ||
      hour->second.spans[question.span].to != question.range.to) {
    return;
  }
  if (answer) {
    hour->second.season.days[question.span] =
        NeedsOf(past.metric.policy, workload.wanted.tolerance, question.range, *answer);
  }
  if (!silent || ++hour->second.silences == kMostSilences) {
    ++hour->second.asked;
    hour->second.silences = 0;
  }
  const auto complete = [](const Past& each) {
    return std::any_of(each.hours.begin(), each.hours.end(), [](const auto& known) {
      return known.second.asked == known.second.spans.size();
    });
  };
  workload.asked_once = workload.asked_once || silent ||
                        std::all_of(workload.pasts.begin(), workload.pasts.end(), complete);
}

void Forecaster::Announce() {
  std::set<BackendKey> changed;
  {
    const std::lock_guard lock(workloads_mutex_);
    const WallTime now = clock_.WallNow();
    for (auto& [key, workload] : workloads_) {
      const Floor floor = FloorAt(workload, now);
      if (floor.loading) continue;
      const int replicas = floor.anticipated ? floor.anticipated->replicas : 0;
      if (workload.announced == replicas) continue;
      workload.announced = replicas;
      changed.insert(key.first);
    }
  }
  if (!on_change_) return;
  for (const BackendKey& backend : changed) on_change_(backend);
}

void Forecaster::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const bool asked = AskOne();
    if (!asked || clock_.Now() >= next_announcement_) {
      next_announcement_ = clock_.Now() + kIdle;
      Announce();
    }
    if (!asked) clock_.Sleep(kIdle, stop);
  }
}

}  // namespace sb::scaling
