#include "operator/simulate/command.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>

#include "operator/scaling/anticipation.h"
#include "operator/scaling/policy.h"
#include "operator/simulate/chart.h"
#include "operator/simulate/setting.h"
#include "operator/simulate/synthetic_days.h"

namespace sb::simulate {
namespace {

constexpr std::size_t kChartWidth = 96;

// One thing to run: a name and a spec.
struct Variant {
  std::string name;
  Scaled scaled;
};

Expected<std::string> ReadFile(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) return Fail(ErrorCode::kNotFound, name + ": cannot be read");
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

Expected<std::vector<Variant>> ReadVariants(const CommandOptions& options) {
  const auto text = ReadFile(options.backend_file);
  if (!text) return tl::unexpected(text.error());
  const auto backend = ReadBackend(*text);
  if (!backend) {
    return Fail(backend.error().code, options.backend_file + ": " + backend.error().message);
  }
  std::vector<Variant> variants;
  const auto add = [&](std::string name, const Json& json) -> Expected<void> {
    auto scaled = ReadAutoscaling(json, options.target);
    if (!scaled) return tl::unexpected(scaled.error());
    variants.push_back({std::move(name), *std::move(scaled)});
    return {};
  };
  if (auto added = add("as it is", *backend); !added) return tl::unexpected(added.error());
  for (const std::string& setting : options.settings) {
    const auto changed = WithSetting(*backend, options.target, setting);
    if (!changed) return tl::unexpected(changed.error());
    if (auto added = add(setting, *changed); !added) return tl::unexpected(added.error());
  }
  return variants;
}

// What the spec wants each request to carry, read from files instead of Secrets. Another server
// than the spec's is asked without, unless they are given for it.
Expected<promql::Credentials> ReadCredentials(const CommandOptions& options, const Scaled& scaled) {
  if (options.credentials_folder.empty() && !options.prometheus_url.empty()) {
    return promql::Credentials{};
  }
  return promql::Resolve(
      scaled.prometheus_access,
      [&](const std::string&, const api::SecretKey& secret) -> Expected<std::string> {
        const std::string about = "key \"" + secret.key + "\" of Secret \"" + secret.name + "\"";
        if (options.credentials_folder.empty()) {
          return Fail(ErrorCode::kInvalidArgument,
                      "spec.monitoring.prometheus needs " + about + ": put it into the file " +
                          secret.name + "/" + secret.key +
                          " and name the folder that it is in by --credentials");
        }
        auto value = ReadFile(options.credentials_folder + "/" + secret.name + "/" + secret.key);
        if (!value) return Fail(value.error().code, about + ": " + value.error().message);
        return value;
      });
}

// The days before, for the variants that anticipate: a day a query, because a server gives 11,000
// steps at most.
Expected<std::vector<Series>> RecordPast(const CommandOptions& options,
                                         const std::vector<Variant>& variants,
                                         const promql::Credentials& credentials,
                                         const QueryRange& query_range) {
  const Scaled& scaled = variants.front().scaled;
  int days = 0;
  for (const Variant& variant : variants) {
    const auto& anticipation = variant.scaled.autoscaling.anticipation;
    if (anticipation) days = std::max(days, anticipation->history_days);
  }
  std::vector<Series> past;
  if (days == 0) return past;
  const WallTime from = *ParseTime(options.from);
  const std::string& url =
      options.prometheus_url.empty() ? scaled.prometheus_url : options.prometheus_url;
  for (const api::Metric& metric : scaled.autoscaling.metrics) {
    Series series{metric.name, {}};
    // One more: the zone's clock may have been ahead then.
    for (int before = days + 1; before >= 1; --before) {
      const WallTime begin = from - before * std::chrono::hours(24);
      const auto points = query_range(
          url, metric.promql,
          {begin, begin + std::chrono::hours(24) - scaling::kRecordStep, scaling::kRecordStep},
          credentials);
      if (!points) {
        return Fail(points.error().code, metric.name + ", " + std::to_string(before) +
                                             " days before: " + points.error().message);
      }
      for (const promql::Series& point : *points) {
        if (!series.points.empty() && series.points.back().at >= point.at) continue;
        series.points.push_back(
            {point.at, std::isfinite(point.value) ? std::optional(point.value) : std::nullopt});
      }
    }
    past.push_back(std::move(series));
  }
  return past;
}

Expected<std::vector<Series>> Record(const CommandOptions& options, const Scaled& scaled,
                                     const promql::Credentials& credentials,
                                     const QueryRange& query_range) {
  const auto from = ParseTime(options.from);
  const auto to = ParseTime(options.to);
  if (!from || !to || *from >= *to) {
    return Fail(ErrorCode::kInvalidArgument,
                "--from and --to have to be two times in this order, such as 2026-11-23T00:00:00Z");
  }
  const std::string& url =
      options.prometheus_url.empty() ? scaled.prometheus_url : options.prometheus_url;
  std::vector<Series> all;
  for (const api::Metric& metric : scaled.autoscaling.metrics) {
    if (metric.type != api::MetricType::kPrometheus) {
      return Fail(ErrorCode::kInvalidArgument,
                  "metric " + metric.name + " is not recorded by Prometheus; give it by --csv");
    }
    const auto points = query_range(
        url, metric.promql, {*from, *to, std::chrono::seconds(options.step_seconds)}, credentials);
    if (!points) {
      return Fail(points.error().code, metric.name + ": " + points.error().message);
    }
    Series series{metric.name, {}};
    // A step without a value is one without evidence, not the value before.
    auto next = points->begin();
    for (WallTime at = *from; at <= *to; at += std::chrono::seconds(options.step_seconds)) {
      while (next != points->end() && next->at < at - std::chrono::milliseconds(500)) ++next;
      const bool there = next != points->end() && next->at <= at + std::chrono::milliseconds(500) &&
                         std::isfinite(next->value);
      series.points.push_back({at, there ? std::optional(next->value) : std::nullopt});
    }
    all.push_back(std::move(series));
  }
  return all;
}

// The direct decision of each variant, and the stock controller beside the first.
NamedRuns RunAll(const std::vector<Variant>& variants, const std::vector<Series>& series,
                 std::vector<Series> past, const CommandOptions& options) {
  NamedRuns runs;
  ReplayOptions replay{.start_up = std::chrono::seconds(options.start_up_seconds),
                       .past = std::move(past)};
  for (const Variant& variant : variants) {
    const scaling::Policy policy = scaling::MakePolicy(variant.scaled.autoscaling);
    replay.engine = Engine::kDirect;
    runs.emplace_back("Direct, " + variant.name, Replay(policy, series, replay));
    if (&variant != &variants.front()) continue;
    replay.engine = Engine::kStockHpa;
    replay.has_behavior = !variant.scaled.autoscaling.behavior.is_null();
    runs.emplace_back("stock HPA, " + variant.name, Replay(policy, series, replay));
  }
  return runs;
}

Expected<void> SimulateDays(const std::vector<Variant>& variants, const CommandOptions& options,
                            std::ostream& out) {
  if (variants.front().scaled.autoscaling.metrics.size() != 1) {
    return Fail(ErrorCode::kInvalidArgument,
                "--days are days of one metric; give those of several by --csv");
  }
  NamedRuns totals;
  for (const Day& day : SyntheticDays()) {
    NamedRuns runs = RunAll(variants, {day.series}, {day.past}, options);
    out << "== " << day.name << "\n" << ScoreTable(runs);
    if (totals.empty()) {
      totals = std::move(runs);
      continue;
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Score& total = totals[i].second.score;
      const Score& score = runs[i].second.score;
      total.replica_hours += score.replica_hours;
      total.under_minutes += score.under_minutes;
      total.changes += score.changes;
      total.flaps += score.flaps;
      total.most = std::max(total.most, score.most);
    }
  }
  out << "== all\n" << ScoreTable(totals);
  const Score& ours = totals[0].second.score;
  const Score& stock = totals[1].second.score;
  out << "simulate: under_x=" << ours.under_minutes / std::max(stock.under_minutes, 1e-9)
      << " replica_hours_x=" << ours.replica_hours / std::max(stock.replica_hours, 1e-9) << "\n";
  return {};
}

}  // namespace

Expected<void> Simulate(const CommandOptions& options, const QueryRange& query_range,
                        std::ostream& out) {
  const auto variants = ReadVariants(options);
  if (!variants) return tl::unexpected(variants.error());
  if (options.days) return SimulateDays(*variants, options, out);
  std::vector<Series> series, past;
  if (!options.csv_file.empty()) {
    const auto text = ReadFile(options.csv_file);
    if (!text) return tl::unexpected(text.error());
    auto parsed = ParseCsv(*text);
    if (!parsed) {
      return Fail(parsed.error().code, options.csv_file + ": " + parsed.error().message);
    }
    series = *std::move(parsed);
  } else {
    const auto credentials = ReadCredentials(options, variants->front().scaled);
    if (!credentials) return tl::unexpected(credentials.error());
    auto recorded = Record(options, variants->front().scaled, *credentials, query_range);
    if (!recorded) return tl::unexpected(recorded.error());
    series = *std::move(recorded);
    auto before = RecordPast(options, *variants, *credentials, query_range);
    if (!before) return tl::unexpected(before.error());
    past = *std::move(before);
  }
  const std::size_t metrics = variants->front().scaled.autoscaling.metrics.size();
  if (series.size() != metrics) {
    return Fail(ErrorCode::kInvalidArgument,
                "there are " + std::to_string(series.size()) + " columns of values for " +
                    std::to_string(metrics) + " metric(s); give one each, in their order");
  }
  const NamedRuns runs = RunAll(*variants, series, std::move(past), options);
  out << TerminalChart(runs, kChartWidth) << "\n" << ScoreTable(runs);
  if (!options.svg_file.empty()) {
    std::ofstream file(options.svg_file);
    file << SvgChart(options.backend_file + " " + options.target, runs);
    if (!file) return Fail(ErrorCode::kUnavailable, options.svg_file + ": cannot be written");
  }
  return {};
}

}  // namespace sb::simulate
