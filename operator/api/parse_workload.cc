#include "operator/api/parse_workload.h"

#include <set>
#include <utility>

#include "operator/api/canonical.h"
#include "operator/api/names.h"
#include "operator/api/parse_autoscaling.h"

namespace sb::api {
namespace {

// Written in the order user entries keep, since later ones may refer to earlier ones by $(NAME).
Json ParseEnv(const Field& field) {
  std::set<std::string> names;
  for (const Field& item : field.Items(100)) {
    if (!item.Object() || !item["name"].Required("every variable has one")) continue;
    const std::string name = item["name"].Text(256).value_or("?");
    if (name.empty()) {
      item["name"].Fault("is empty; every variable has a name");
    } else if (!names.insert(name).second) {
      item["name"].Fault(Quote(name) + " is given twice; keep one");
    } else if (name == "PORT" || name == "METRICS_PORT") {
      item["name"].Fault(name == "PORT" ? "PORT follows spec.api.port; set that instead"
                                        : "METRICS_PORT is fixed; remove it");
    }
    if (item["value"].present() && item["valueFrom"].present()) {
      item.Fault("has value and valueFrom; keep one");
    }
    item["value"].String("", 32'768);
  }
  return WithoutEmpty(field.Verbatim(Json::value_t::array));
}

Json ParseStringMap(const Field& field) {
  const Json map = field.Verbatim(Json::value_t::object);
  if (!map.is_object()) return {};
  for (const auto& [key, value] : map.items()) {
    if (!value.is_string()) field[key].Fault("must be a string; put it in quotes");
  }
  return map.empty() ? Json() : map;
}

}  // namespace

Json ParseResources(const Field& field, const char* cpu_request, const char* memory_request) {
  Json resources = Json::object();
  field.Object();
  for (const char* part : {"requests", "limits"}) {
    const Field amounts = field[part];
    if (!amounts.Object()) continue;
    for (const auto& [key, value] : amounts.value()->items()) {
      const Json canonical = CanonicalQuantity(value);
      const auto quantity =
          canonical.is_string() ? Quantity::Parse(canonical.get<std::string>()) : std::nullopt;
      if (!quantity || *quantity < Quantity()) {
        amounts[key].Fault("is not a quantity; write it like \"250m\" or \"64Mi\"");
      } else {
        resources[part][key] = canonical;
      }
    }
  }
  const std::pair<const char*, const char*> fallbacks[] = {{"cpu", cpu_request},
                                                           {"memory", memory_request}};
  for (const auto& [key, request] : fallbacks) {
    const Json* wanted = Find(resources, {"requests", key});
    const Json* limit = Find(resources, {"limits", key});
    if (wanted == nullptr && limit == nullptr) resources["requests"][key] = request;
    if (wanted != nullptr && limit != nullptr &&
        *Quantity::Parse(wanted->get<std::string>()) >
            *Quantity::Parse(limit->get<std::string>())) {
      field["requests"][key].Fault(wanted->get<std::string>() + " is more than the limit " +
                                   limit->get<std::string>() + "; raise the limit");
    }
  }
  return resources;
}

std::vector<std::string> ParseCommand(const Field& field, std::vector<std::string> fallback) {
  if (!field.present()) return fallback;
  std::vector<std::string> command = field.Strings(32, 1024);
  const Json& given = *field.value();
  if (!given.is_array()) return fallback;
  const bool nameless = given.empty() || (given.front().is_string() &&
                                          given.front().get_ref<const std::string&>().empty());
  if (nameless) field.Fault("is empty; name the program to run, or remove it");
  return nameless || command.empty() ? fallback : command;
}

void ParseWorkload(const Field& field, const WorkloadDefaults& defaults,
                   const std::string& namespace_name, const std::string& name, Workload& workload) {
  field.Object();
  workload.command = ParseCommand(field["command"], defaults.command);
  workload.args = field["args"].Strings(64, 4096);
  workload.replicas = field["replicas"].Int(defaults.replicas, 0, 1000);
  workload.replicas_given = field["replicas"].present();
  workload.autoscaling = ParseAutoscaling(field["autoscaling"], namespace_name, name);
  if (workload.autoscaling && field["replicas"].present()) {
    field["replicas"].Fault(
        "cannot be set together with autoscaling; remove it, or change autoscaling.minReplicas and "
        "maxReplicas");
  }
  workload.resources =
      ParseResources(field["resources"], defaults.cpu_request, defaults.memory_request);
  workload.env = ParseEnv(field["env"]);
  workload.env_from = WithoutEmpty(field["envFrom"].Verbatim(Json::value_t::array));
  workload.pod_annotations = ParseStringMap(field["podAnnotations"]);
  workload.node_selector = ParseStringMap(field["nodeSelector"]);
  workload.tolerations = WithoutEmpty(field["tolerations"].Verbatim(Json::value_t::array));
  workload.termination_grace_seconds =
      field["terminationGracePeriodSeconds"].Int(kDefaultTerminationGraceSeconds, 1, 3600);
  workload.shutdown_delay_seconds =
      field["shutdownDelaySeconds"].Int(kDefaultShutdownDelaySeconds, 0, 300);
  if (workload.shutdown_delay_seconds >= workload.termination_grace_seconds) {
    field["shutdownDelaySeconds"].Fault(
        std::to_string(workload.shutdown_delay_seconds) +
        " leaves no time to drain within terminationGracePeriodSeconds " +
        std::to_string(workload.termination_grace_seconds) + "; lower it or raise that");
  }
}

}  // namespace sb::api
