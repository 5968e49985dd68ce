#include "operator/api/parse_autoscaling.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "operator/api/canonical.h"
#include "operator/api/duration.h"
#include "operator/api/parse_metric.h"

namespace sb::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMostReplicas = 1000;
constexpr std::size_t kMostMetrics = 10;
constexpr std::size_t kMostSchedules = 20;
constexpr seconds kLongestWindow = hours(7 * 24);
constexpr seconds kLongestWait = hours(24);

seconds DurationOf(const Field& field, seconds fallback, seconds least, seconds most) {
  const auto text = field.Text(32);
  if (!text) return fallback;
  const auto duration = ParseDuration(*text);
  if (!duration) {
    field.Fault(Quote(*text) + " is not a duration; write it like 30s, 2m or 1h30m");
  } else if (*duration < least || *duration > most) {
    field.Fault(Quote(*text) + " has to be from " + std::to_string(least.count()) + "s to " +
                std::to_string(most.count()) + "s");
  } else {
    return *duration;
  }
  return fallback;
}

void ParseBounds(const Field& field, Autoscaling& autoscaling) {
  const Field least = field["minReplicas"];
  const Field most = field["maxReplicas"];
  autoscaling.min_replicas = least.Int(1, 0, kMostReplicas);
  if (most.Required("it bounds what a wrong metric can cost")) {
    autoscaling.max_replicas = most.Int(autoscaling.min_replicas, 1, kMostReplicas);
    if (autoscaling.min_replicas > autoscaling.max_replicas) {
      least.Fault(std::to_string(autoscaling.min_replicas) + " is more than maxReplicas " +
                  std::to_string(autoscaling.max_replicas) +
                  "; raise maxReplicas or lower minReplicas");
    }
  }
  if (autoscaling.min_replicas > 0) return;
  if (autoscaling.engine == Engine::kHpa) {
    least.Fault(
        "0 does not go with engine HPA, which cannot scale to zero on every cluster; set "
        "engine: Direct, or use 1 or more");
  }
  const bool wakes =
      std::any_of(autoscaling.metrics.begin(), autoscaling.metrics.end(), [](const Metric& metric) {
        return metric.type == MetricType::kPrometheus || metric.type == MetricType::kQueue;
      });
  if (!wakes && !autoscaling.metrics.empty()) {
    least.Fault(
        "0 needs a metric that exists while there is no pod; add one of type Prometheus or "
        "Queue, or use 1 or more");
  }
}

std::optional<Fallback> ParseFallback(const Field& field, const Autoscaling& autoscaling) {
  if (!field.Object()) return std::nullopt;
  Fallback fallback;
  const Field replicas = field["replicas"];
  field["after"].Required("say how long without evidence it takes, such as 2m");
  fallback.after = DurationOf(field["after"], minutes(2), seconds(10), kLongestWait);
  const std::string behavior = field["behavior"].OneOf(
      {"static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"}, "static");
  fallback.kind = behavior == "currentReplicas"           ? FallbackKind::kCurrent
                  : behavior == "currentReplicasIfHigher" ? FallbackKind::kCurrentIfHigher
                  : behavior == "currentReplicasIfLower"  ? FallbackKind::kCurrentIfLower
                                                          : FallbackKind::kStatic;
  if (fallback.kind == FallbackKind::kCurrent) {
    if (replicas.present()) {
      replicas.Fault("does not go with behavior currentReplicas; remove it");
    }
    return fallback;
  }
  if (!replicas.Required("say how many pods there should be without evidence")) return fallback;
  fallback.replicas = replicas.Int(1, 0, kMostReplicas);
  if (fallback.replicas < autoscaling.min_replicas ||
      fallback.replicas > autoscaling.max_replicas) {
    replicas.Fault(std::to_string(fallback.replicas) + " is not from minReplicas " +
                   std::to_string(autoscaling.min_replicas) + " to maxReplicas " +
                   std::to_string(autoscaling.max_replicas) + "; use a count between them");
  }
  return fallback;
}

// A bound that a schedule sets; it only narrows the workload's own.
std::optional<int> ParseBound(const Field& field, const Autoscaling& autoscaling) {
  if (!field.present()) return std::nullopt;
  const int bound = field.Int(autoscaling.min_replicas, 0, kMostReplicas);
  if (bound < autoscaling.min_replicas || bound > autoscaling.max_replicas) {
    field.Fault(std::to_string(bound) + " is not from minReplicas " +
                std::to_string(autoscaling.min_replicas) + " to maxReplicas " +
                std::to_string(autoscaling.max_replicas) +
                " of the workload; use a count between "
                "them, or widen those");
  }
  return bound;
}

calendar::ZonePtr ParseZone(const Field& field, const std::string& name) {
  auto zone = calendar::LoadZone(name);
  if (zone) return *zone;
  field.Fault(Quote(name) + " " + zone.error().message);
  return *calendar::LoadZone("UTC");
}

Schedule ParseSchedule(const Field& field, const Autoscaling& autoscaling) {
  Schedule schedule;
  if (!field.Object()) return schedule;
  const Field cron = field["cron"];
  const Field timezone = field["timezone"];
  const Field duration = field["duration"];
  if (cron.Required("say when it begins, such as \"0 8 * * 1-5\"")) {
    schedule.cron_text = cron.String("", 256);
    auto parsed = calendar::Cron::Parse(schedule.cron_text);
    if (parsed) {
      schedule.cron = *parsed;
    } else {
      cron.Fault(Quote(schedule.cron_text) + " is no cron expression: " + parsed.error().message);
    }
  }
  schedule.timezone = timezone.String("UTC", 64);
  schedule.zone = ParseZone(timezone, schedule.timezone);
  duration.Required("say how long it lasts, such as 10h");
  schedule.duration = DurationOf(duration, hours(1), minutes(1), kLongestWindow);
  if (schedule.duration.count() % 60 != 0) duration.Fault("has to be whole minutes");
  schedule.min_replicas = ParseBound(field["minReplicas"], autoscaling);
  schedule.max_replicas = ParseBound(field["maxReplicas"], autoscaling);
  if (!schedule.min_replicas && !schedule.max_replicas) {
    field.Fault("changes nothing; set minReplicas (a floor), maxReplicas (a ceiling) or both");
  } else if (schedule.min_replicas && schedule.max_replicas &&
             *schedule.min_replicas > *schedule.max_replicas) {
    field["minReplicas"].Fault(std::to_string(*schedule.min_replicas) +
                               " is more than its maxReplicas " +
                               std::to_string(*schedule.max_replicas) + "; lower one of them");
  }
  return schedule;
}

// How many days "14d" are; the fault is told.
int ParseDays(const Field& field, int fallback, int least, int most) {
  const auto text = field.Text(8);
  if (!text) return fallback;
  int days = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), days);
  if (error != std::errc() || std::string_view(end, text->data() + text->size()) != "d") {
    field.Fault(Quote(*text) + " is no number of days; write it like 14d");
  } else if (days < least || days > most) {
    field.Fault(Quote(*text) + " has to be from " + std::to_string(least) + "d to " +
                std::to_string(most) + "d");
  } else {
    return days;
  }
  return fallback;
}

std::optional<Anticipation> ParseAnticipation(const Field& field, const Autoscaling& autoscaling) {
  if (!field.Object()) return std::nullopt;
  Anticipation anticipation;
  const bool weekly = field["season"].OneOf({"Daily", "Weekly"}, "Daily") == "Weekly";
  anticipation.season = weekly ? Season::kWeekly : Season::kDaily;
  anticipation.look_ahead =
      DurationOf(field["lookAhead"], anticipation.look_ahead, minutes(1), hours(4));
  anticipation.history_days =
      weekly ? ParseDays(field["history"], 35, 14, 84) : ParseDays(field["history"], 14, 2, 30);
  anticipation.timezone = field["timezone"].String("UTC", 64);
  anticipation.zone = ParseZone(field["timezone"], anticipation.timezone);
  anticipation.max_replicas = ParseBound(field["maxReplicas"], autoscaling);
  const bool recorded =
      std::any_of(autoscaling.metrics.begin(), autoscaling.metrics.end(), [](const Metric& metric) {
        return metric.type == MetricType::kPrometheus &&
               metric.target.type == TargetType::kAverageValue;
      });
  if (!recorded && !autoscaling.metrics.empty()) {
    field.Fault(
        "needs a metric whose past says how many pods it asked for; add one of type Prometheus "
        "with target.averageValue, or remove anticipation");
  }
  return anticipation;
}

void ParseMetrics(const Field& metrics, const std::string& namespace_name, const std::string& name,
                  Autoscaling& autoscaling) {
  const std::vector<Field> items = metrics.Items(kMostMetrics);
  if (!metrics.present() || (metrics.value()->is_array() && metrics.value()->empty())) {
    metrics.Fault("is empty; give at least one metric to scale on");
  }
  std::set<std::string> names;
  for (const Field& item : items) {
    Metric metric = ParseMetric(item, namespace_name, name);
    if (!metric.name.empty() && !names.insert(metric.name).second) {
      item["name"].Fault(Quote(metric.name) + " is used twice; give every metric its own name");
    }
    autoscaling.metrics.push_back(std::move(metric));
  }
}

}  // namespace

std::optional<Autoscaling> ParseAutoscaling(const Field& field, const std::string& namespace_name,
                                            const std::string& name) {
  if (!field.Object()) return std::nullopt;
  Autoscaling autoscaling;
  const std::string engine = field["engine"].OneOf({"HPA", "Direct"}, "");
  autoscaling.engine = engine == "HPA"      ? Engine::kHpa
                       : engine == "Direct" ? Engine::kDirect
                                            : Engine::kAuto;
  autoscaling.paused = field["paused"].Bool(false);
  ParseMetrics(field["metrics"], namespace_name, name, autoscaling);
  ParseBounds(field, autoscaling);
  autoscaling.behavior = WithoutEmpty(field["behavior"].Verbatim(Json::value_t::object));
  autoscaling.fallback = ParseFallback(field["fallback"], autoscaling);
  for (const Field& item : field["schedules"].Items(kMostSchedules)) {
    autoscaling.schedules.push_back(ParseSchedule(item, autoscaling));
  }
  autoscaling.anticipation = ParseAnticipation(field["anticipation"], autoscaling);
  autoscaling.cooldown = DurationOf(field["cooldown"], kDefaultCooldown, seconds(0), kLongestWait);
  autoscaling.initial_cooldown =
      DurationOf(field["initialCooldown"], seconds(0), seconds(0), kLongestWait);
  return autoscaling;
}

}  // namespace sb::api
