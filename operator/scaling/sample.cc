#include "operator/scaling/sample.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

namespace sb::scaling {
namespace {

Sample Failed(ErrorCode code, std::string error, WallTime at) {
  return {.evidence = Evidence::kFailed, .at = at, .code = code, .error = std::move(error)};
}

std::string NumberText(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

// The labels in which the series differ: what an aggregation has to remove. Sorted, so that the
// message does not depend on the order of the series.
std::string DifferingLabels(const promql::InstantVector& vector) {
  std::set<std::string> names;
  for (const auto& series : vector) {
    for (const auto& [name, value] : series.labels) {
      for (const auto& other : vector) {
        const auto found = other.labels.find(name);
        if (found == other.labels.end() || found->second != value) {
          names.insert(name);
          break;
        }
      }
      if (names.size() == 8) break;
    }
    if (names.size() == 8) break;
  }
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// An error's words: runs of digits become '#', and what follows an opening brace or bracket is left
// out.
std::string Words(std::string_view text) {
  std::string words;
  for (const char c : text.substr(0, text.find_first_of("{["))) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) words += c;
    if (digit && !words.ends_with('#')) words += '#';
  }
  return words;
}

}  // namespace

const char* ToString(Evidence evidence) {
  switch (evidence) {
    case Evidence::kFresh:
      return "fresh";
    case Evidence::kStale:
      return "stale";
    case Evidence::kEmpty:
      return "empty";
    case Evidence::kFailed:
      return "failed";
  }
  return "failed";
}

Sample Evaluate(const Expected<promql::InstantVector>& answer, WallTime now) {
  if (!answer) return Failed(answer.error().code, answer.error().message, now);
  if (answer->empty()) {
    return {.evidence = Evidence::kEmpty,
            .at = now,
            .error =
                "the query matched no series, which is not 0; check its labels, or append "
                "\"or vector(0)\" if nothing means zero"};
  }
  if (answer->size() > 1) {
    const std::string labels = DifferingLabels(*answer);
    return Failed(ErrorCode::kInvalidArgument,
                  "the query gives several series" +
                      (labels.empty() ? "" : " that differ in " + labels) +
                      "; aggregate it with sum or max",
                  now);
  }
  const promql::Series& series = answer->front();
  if (std::isnan(series.value)) {
    return Failed(ErrorCode::kInvalidArgument,
                  "the query gives NaN, which is no number (often a division by zero)", now);
  }
  if (series.value < 0) {
    return Failed(ErrorCode::kInvalidArgument,
                  "the query gives " + NumberText(series.value) +
                      ", and a replica count cannot follow a negative value; use clamp_min",
                  now);
  }
  if (series.value > kMaxValue) {
    return Failed(ErrorCode::kInvalidArgument,
                  "the query gives " + NumberText(series.value) +
                      ", which is beyond what a Kubernetes quantity holds",
                  now);
  }
  if (now - series.at > kMaxAnswerAge) {
    return {.evidence = Evidence::kStale,
            .value = series.value,
            .at = series.at,
            .error =
                "Prometheus answered with a value of more than 5 minutes ago; check its clock "
                "and any cache before it"};
  }
  // + 0.0 makes a zero of minus zero, which no quantity can say.
  return {.evidence = Evidence::kFresh, .value = series.value + 0.0, .at = series.at};
}

Sample EvaluatePods(const Expected<promql::InstantVector>& answer, WallTime now) {
  if (!answer) return Failed(answer.error().code, answer.error().message, now);
  if (answer->empty()) {
    return {.evidence = Evidence::kEmpty, .at = now, .error = "there is no pod to measure"};
  }
  Sample sample{.evidence = Evidence::kFresh, .at = now};
  int counted = 0;
  for (const promql::Series& series : *answer) {
    const auto state = series.labels.find("state");
    const bool counts = state == series.labels.end();
    if (counts && !(std::isfinite(series.value) && series.value >= 0)) {
      return Failed(ErrorCode::kInternal, "metrics.k8s.io gives a value that is none", now);
    }
    sample.pods.push_back({.known = counts || state->second != "missing",
                           .ready = counts || state->second != "unready",
                           .value = series.value});
    if (!counts) continue;
    ++counted;
    sample.value += series.value;
    sample.at = std::min(sample.at, series.at);
  }
  if (counted == 0) {
    return Failed(ErrorCode::kUnavailable,
                  "metrics.k8s.io has no value of any pod that is ready yet", now);
  }
  sample.value /= counted;
  return sample;
}

bool SameEvidence(const Sample& a, const Sample& b) {
  if (a.evidence != b.evidence) return false;
  if (a.evidence == Evidence::kFailed && a.code != b.code) return false;
  return Words(a.error) == Words(b.error);
}

}  // namespace sb::scaling
