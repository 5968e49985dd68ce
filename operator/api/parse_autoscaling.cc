#include "operator/api/parse_autoscaling.h"

#include <algorithm>
#include <set>

#include "operator/api/canonical.h"
#include "operator/api/query.h"

namespace sb::api {
namespace {

constexpr int kMostReplicas = 1000;
constexpr std::size_t kMostMetrics = 10;
constexpr std::size_t kLongestQuery = 4096;

bool IsMetricName(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) &&
         alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
}

Quantity PositiveQuantity(const Field& field) {
  const Json canonical = CanonicalQuantity(*field.value());
  const auto quantity =
      canonical.is_string() ? Quantity::Parse(canonical.get<std::string>()) : std::nullopt;
  if (!quantity) {
    field.Fault("is not a quantity; write it like \"500\", \"1.5\" or \"500m\"");
  } else if (*quantity <= Quantity()) {
    field.Fault(quantity->ToString() + " is not more than 0; a target has to be positive");
  } else {
    return *quantity;
  }
  return {};
}

MetricTarget ParseTarget(const Field& field, MetricType type) {
  MetricTarget target;
  if (!field.Required("it is what the metric is compared with") || !field.Object()) return target;
  const bool resource = type == MetricType::kResource;
  const Field average = field["averageValue"];
  const Field other = field[resource ? "averageUtilization" : "value"];
  const Field foreign = field[resource ? "value" : "averageUtilization"];
  const std::string allowed =
      resource ? "averageUtilization or averageValue" : "averageValue or value";
  if (foreign.present()) {
    foreign.Fault(std::string("does not go with type ") + (resource ? "Resource" : "Prometheus") +
                  "; set " + allowed);
    return target;
  }
  if (average.present() == other.present()) {
    field.Fault("set exactly one of " + allowed);
    return target;
  }
  if (average.present()) {
    target.type = TargetType::kAverageValue;
    target.quantity = PositiveQuantity(average);
  } else if (resource) {
    target.type = TargetType::kAverageUtilization;
    target.average_utilization = other.Int(0, 1, 10'000);
  } else {
    target.type = TargetType::kValue;
    target.quantity = PositiveQuantity(other);
  }
  return target;
}

void ParsePrometheus(const Field& field, const std::string& namespace_name,
                     const std::string& backend_name, Metric& metric) {
  const Field name = field["name"];
  const Field query = field["query"];
  if (name.Required("the HPA shows the metric under it")) {
    const auto text = name.Text(63);
    metric.name = text.value_or("");
    if (text && !IsMetricName(metric.name)) {
      name.Fault(Quote(metric.name) +
                 " has to be lower case letters, digits and '-', at most 63 characters");
    } else if (metric.name == "cpu" || metric.name == "memory") {
      name.Fault(Quote(metric.name) + " is kept for metrics of type Resource; use another name");
    }
  }
  if (!query.Required("give the PromQL expression to scale on")) return;
  const auto text = query.Text(kLongestQuery);
  if (!text) return;
  metric.query = *text;
  if (metric.query.find_first_not_of(" \t\r\n") == std::string::npos) {
    query.Fault("is empty; give the PromQL expression to scale on");
    return;
  }
  auto promql = ExpandQuery(metric.query, namespace_name, backend_name);
  if (promql) {
    metric.promql = *std::move(promql);
  } else {
    query.Fault(promql.error().message);
  }
}

Metric ParseMetric(const Field& field, const std::string& namespace_name,
                   const std::string& backend_name) {
  Metric metric;
  if (!field.Object()) return metric;
  const Field type = field["type"];
  type.Required("use one of: Prometheus, Resource");
  const std::string type_name = type.OneOf({"Prometheus", "Resource"}, "");
  if (type_name.empty()) return metric;
  if (type_name == "Prometheus") {
    metric.type = MetricType::kPrometheus;
    if (field["resource"].present()) {
      field["resource"].Fault("does not go with type Prometheus; remove it");
    }
    ParsePrometheus(field, namespace_name, backend_name, metric);
  } else {
    metric.type = MetricType::kResource;
    for (const char* key : {"name", "query"}) {
      if (field[key].present()) field[key].Fault("does not go with type Resource; remove it");
    }
    field["resource"].Required("use one of: cpu, memory");
    metric.resource = field["resource"].OneOf({"cpu", "memory"}, "");
    metric.name = metric.resource;
  }
  metric.target = ParseTarget(field["target"], metric.type);
  return metric;
}

}  // namespace

std::optional<Autoscaling> ParseAutoscaling(const Field& field, const std::string& namespace_name,
                                            const std::string& name) {
  if (!field.Object()) return std::nullopt;
  Autoscaling autoscaling;
  const Field least = field["minReplicas"];
  const Field most = field["maxReplicas"];
  if (least.present() && least.value()->is_number_integer() && *least.value() == 0) {
    least.Fault("0 is not supported yet (scale to zero); use 1 or more");
  } else {
    autoscaling.min_replicas = least.Int(1, 1, kMostReplicas);
  }
  most.Required("it bounds what a wrong metric can cost");
  autoscaling.max_replicas = most.Int(autoscaling.min_replicas, 1, kMostReplicas);
  if (autoscaling.min_replicas > autoscaling.max_replicas) {
    least.Fault(std::to_string(autoscaling.min_replicas) + " is more than maxReplicas " +
                std::to_string(autoscaling.max_replicas) +
                "; raise maxReplicas or lower minReplicas");
  }
  field["engine"].OneOf({"HPA"}, "HPA");
  const Json behavior = WithoutEmpty(field["behavior"].Verbatim(Json::value_t::object));
  autoscaling.behavior = behavior;

  const Field metrics = field["metrics"];
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
  return autoscaling;
}

}  // namespace sb::api
