#include "operator/api/parse_metric.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "operator/api/canonical.h"
#include "operator/api/names.h"
#include "operator/api/query.h"

namespace sb::api {
namespace {

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

// Which kinds of target go with a metric, and how a message calls it.
struct Targets {
  const char* what;
  std::vector<const char*> allowed;
};

Targets TargetsOf(const Metric& metric) {
  switch (metric.type) {
    case MetricType::kPrometheus:
      return {"type Prometheus", {"averageValue", "value"}};
    case MetricType::kResource:
      return {metric.container.empty() ? "type Resource" : "type ContainerResource",
              {"averageUtilization", "averageValue"}};
    case MetricType::kQueue:
      if (metric.measure == Measure::kAge) return {"measure Age", {"value"}};
      return {"type Queue", {"averageValue", "value"}};
    case MetricType::kRequests:
      if (metric.measure == Measure::kLatency) return {"measure Latency", {"value"}};
      return {"measure Rate", {"averageValue"}};
  }
  return {"", {}};
}

MetricTarget ParseTarget(const Field& field, const Metric& metric) {
  MetricTarget target;
  if (!field.Required("it is what the metric is compared with") || !field.Object()) return target;
  const Targets targets = TargetsOf(metric);
  std::string allowed;
  for (const char* one : targets.allowed)
    allowed += (allowed.empty() ? "" : " or ") + std::string(one);
  std::string given;
  int count = 0;
  for (const char* one : {"averageValue", "value", "averageUtilization"}) {
    if (!field[one].present()) continue;
    if (std::find(targets.allowed.begin(), targets.allowed.end(), std::string_view(one)) ==
        targets.allowed.end()) {
      field[one].Fault(std::string("does not go with ") + targets.what + "; set " + allowed);
      return target;
    }
    given = one;
    ++count;
  }
  if (count != 1) {
    field.Fault((targets.allowed.size() == 1 ? "set " : "set exactly one of ") + allowed);
    return target;
  }
  if (given == "averageUtilization") {
    target.type = TargetType::kAverageUtilization;
    target.average_utilization = field[given].Int(0, 1, 10'000);
    return target;
  }
  target.type = given == "value" ? TargetType::kValue : TargetType::kAverageValue;
  target.quantity = PositiveQuantity(field[given]);
  return target;
}

Quantity ParseActivation(const Field& field) {
  if (!field.present()) return {};
  const Json canonical = CanonicalQuantity(*field.value());
  const auto quantity =
      canonical.is_string() ? Quantity::Parse(canonical.get<std::string>()) : std::nullopt;
  if (quantity && *quantity >= Quantity()) return *quantity;
  field.Fault("has to be a quantity of 0 or more, like \"0\", \"5\" or \"500m\"");
  return {};
}

// Fields that belong to other types of metrics.
void RefuseOthers(const Field& field, const std::string& type,
                  const std::vector<std::string_view>& own) {
  for (const char* key : {"query", "resource", "container", "queue", "measure", "activation"}) {
    if (field[key].present() && std::find(own.begin(), own.end(), key) == own.end()) {
      field[key].Fault("does not go with type " + type + "; remove it");
    }
  }
}

// Of a metric that is named after what it measures unless the user says otherwise.
void ParseName(const Field& field, std::string fallback, Metric& metric) {
  metric.name = std::move(fallback);
  const auto text = field.Text(63);
  if (!text) return;
  metric.name = *text;
  if (!IsMetricName(metric.name)) {
    field.Fault(Quote(metric.name) +
                " has to be lower case letters, digits and '-', at most 63 characters");
  } else if (metric.name == "cpu" || metric.name == "memory") {
    field.Fault(Quote(metric.name) + " is kept for metrics of type Resource; use another name");
  }
}

void ParseResource(const Field& field, const std::string& type, Metric& metric) {
  const Field container = field["container"];
  if (field["name"].present()) field["name"].Fault("does not go with type " + type + "; remove it");
  field["resource"].Required("use one of: cpu, memory");
  metric.resource = field["resource"].OneOf({"cpu", "memory"}, "");
  metric.name = metric.resource;
  if (type == "Resource") return RefuseOthers(field, type, {"resource"});
  RefuseOthers(field, type, {"resource", "container"});
  if (!container.Required("name the container whose use counts, such as api")) return;
  metric.container = container.String("", 63);
  if (!IsDnsLabel(metric.container)) {
    container.Fault(Quote(metric.container) +
                    " is no name of a container; use lower case letters, digits and '-'");
  }
  metric.name = metric.container + "/" + metric.resource;
}

void ParseQueue(const Field& field, Metric& metric) {
  const Field queue = field["queue"];
  const std::string measure = field["measure"].OneOf({"Depth", "Age"}, "Depth");
  metric.measure = measure == "Age" ? Measure::kAge : Measure::kDepth;
  if (queue.Required("name the queue whose jobs count")) {
    metric.queue = queue.String("", 40);
    if (!IsDnsLabel(metric.queue)) {
      queue.Fault(Quote(metric.queue) +
                  " is no name of a queue; use lower case letters, digits and '-'");
    }
  }
  ParseName(field["name"],
            "queue-" + metric.queue + (metric.measure == Measure::kAge ? "-age" : "-depth"),
            metric);
}

void ParseRequests(const Field& field, Metric& metric) {
  const std::string measure = field["measure"].OneOf({"Rate", "Latency"}, "Rate");
  metric.measure = measure == "Latency" ? Measure::kLatency : Measure::kRate;
  ParseName(field["name"], metric.measure == Measure::kLatency ? "request-latency" : "request-rate",
            metric);
}

void ParsePrometheus(const Field& field, const std::string& namespace_name,
                     const std::string& backend_name, Metric& metric) {
  const Field name = field["name"];
  const Field query = field["query"];
  if (name.Required("the HPA shows the metric under it")) ParseName(name, "", metric);
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

}  // namespace

Metric ParseMetric(const Field& field, const std::string& namespace_name, const std::string& name) {
  Metric metric;
  if (!field.Object()) return metric;
  const std::vector<std::string> types = {"Prometheus", "Resource", "ContainerResource", "Queue",
                                          "Requests"};
  field["type"].Required("use one of: Prometheus, Resource, ContainerResource, Queue, Requests");
  const std::string type = field["type"].OneOf(types, "");
  if (type == "Prometheus") {
    metric.type = MetricType::kPrometheus;
    RefuseOthers(field, type, {"query", "activation"});
    ParsePrometheus(field, namespace_name, name, metric);
  } else if (type == "Resource" || type == "ContainerResource") {
    metric.type = MetricType::kResource;
    ParseResource(field, type, metric);
  } else if (type == "Queue") {
    metric.type = MetricType::kQueue;
    RefuseOthers(field, type, {"queue", "measure", "activation"});
    ParseQueue(field, metric);
  } else if (type == "Requests") {
    metric.type = MetricType::kRequests;
    RefuseOthers(field, type, {"measure", "activation"});
    ParseRequests(field, metric);
  } else {
    return metric;
  }
  metric.activation = ParseActivation(field["activation"]);
  metric.target = ParseTarget(field["target"], metric);
  return metric;
}

}  // namespace sb::api
