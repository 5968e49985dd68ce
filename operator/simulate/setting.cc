#include "operator/simulate/setting.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "operator/api/parse.h"
#include "operator/kube/yaml_document.h"

namespace sb::simulate {
namespace {

// The YAML reader leaves scalars as they are written; these are text whatever they look like.
const std::set<std::string, std::less<>> kText = {"name",     "namespace", "query", "cron",
                                                  "timezone", "url",       "value", "averageValue"};

Json Typed(const Json& value) {
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& [key, member] : value.items()) {
      out[key] = kText.contains(key) && member.is_string() ? member : Typed(member);
    }
    return out;
  }
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) out.push_back(Typed(item));
    return out;
  }
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  if (text == "true" || text == "false") return text == "true";
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? Json(number) : value;
}

Json* Workload(Json& backend, const std::string& target) {
  Json& spec = backend["spec"];
  if (target == "api") return &spec["api"];
  if (!target.starts_with("worker/") || !spec["workers"].is_array()) return nullptr;
  for (Json& worker : spec["workers"]) {
    if (StringAt(worker, {"name"}) == target.substr(7)) return &worker;
  }
  return nullptr;
}

tl::unexpected<Error> NoTarget(const std::string& target) {
  return Fail(ErrorCode::kInvalidArgument,
              "the backend has no workload \"" + target + "\"; use api or worker/<name>");
}

}  // namespace

Expected<Json> ReadBackend(std::string_view yaml) {
  auto document = kube::ParseYaml(yaml);
  if (!document) return tl::unexpected(document.error());
  if (StringAt(*document, {"kind"}) != "ScalableBackend") {
    return Fail(ErrorCode::kInvalidArgument, "the file holds no ScalableBackend");
  }
  return Typed(*document);
}

Expected<Json> WithSetting(Json backend, const std::string& target, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "\"" + setting + "\" has to be path=value, such as maxReplicas=30");
  }
  std::string path = setting.substr(0, equals);
  const std::string text = setting.substr(equals + 1);
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) value = text;
  Json* at = &backend;
  if (!path.starts_with("spec.")) {
    Json* workload = Workload(backend, target);
    if (!workload) return NoTarget(target);
    at = &(*workload)["autoscaling"];
  }
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string key = path.substr(0, dot);
    if (at->is_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || end != key.data() + key.size() || index >= at->size()) {
        return Fail(ErrorCode::kInvalidArgument,
                    "--set " + setting + ": there is no [" + key + "]");
      }
      at = &(*at)[index];
    } else if (at->is_object() || at->is_null()) {
      at = &(*at)[key];
    } else {
      return Fail(ErrorCode::kInvalidArgument, "--set " + setting + ": nothing can be in " + key);
    }
    if (dot == std::string::npos) break;
    path.erase(0, dot + 1);
  }
  *at = std::move(value);
  return backend;
}

Expected<Scaled> ReadAutoscaling(const Json& backend, const std::string& target) {
  Json copy = backend;
  const Json* workload = Workload(copy, target);
  if (!workload) return NoTarget(target);
  const Json* autoscaling = Find(*workload, {"autoscaling"});
  if (!autoscaling) {
    return Fail(ErrorCode::kInvalidArgument, target + " has no autoscaling to simulate");
  }
  // Nothing else of the spec matters here, and may be wrong or meant for another version.
  const std::string name = StringAt(backend, {"metadata", "name"}, "backend");
  Json object = {{"metadata",
                  {{"name", name},
                   {"namespace", StringAt(backend, {"metadata", "namespace"}, "default")},
                   {"uid", "simulation"}}},
                 {"spec",
                  {{"api", {{"autoscaling", *autoscaling}}},
                   {"database", {{"external", {{"secretRef", {{"name", "a"}, {"key", "b"}}}}}}}}}};
  if (const Json* monitoring = Find(backend, {"spec", "monitoring"}))
    object["spec"]["monitoring"] = *monitoring;
  auto parsed = api::Parse(object, {.todo_image = "a", .postgres_image = "a", .redis_image = "a"});
  if (!parsed) return tl::unexpected(parsed.error());
  return Scaled{*parsed->api.autoscaling, parsed->prometheus_url, parsed->prometheus_access};
}

}  // namespace sb::simulate
