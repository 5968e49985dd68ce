#include "operator/api/parse.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "operator/api/connections.h"
#include "operator/api/field.h"
#include "operator/api/names.h"
#include "operator/api/parse_prometheus.h"
#include "operator/api/parse_workload.h"

namespace sb::api {
namespace {

constexpr std::size_t kLongestImage = 512;

// Parameters that are part of the image's contract (docs/names.md).
constexpr std::array<std::string_view, 8> kReservedParameters{
    "config_file",      "data_directory", "external_pid_file",      "hba_file", "ident_file",
    "listen_addresses", "port",           "unix_socket_directories"};

std::string ParseImage(const Field& field, const std::string& fallback) {
  std::string image = field.String(fallback, kLongestImage);
  if (image.empty() || image.find_first_of(" \t\r\n") != std::string::npos) {
    field.Fault(Quote(image) + " is not an image name; write it like registry/name:tag");
  }
  return image;
}

Storage ParseStorage(const Field& field, const char* fallback) {
  Storage storage{*Quantity::Parse(fallback), std::nullopt};
  field.Object();
  const Field size = field["size"];
  if (size.present()) {
    const std::string text = size.String(fallback, 64);
    const auto quantity = Quantity::Parse(text);
    if (!quantity) {
      size.Fault(Quote(text) + " is not a quantity; write it like 10Gi");
    } else if (*quantity <= Quantity()) {
      size.Fault(Quote(text) + " is not more than 0; write it like 10Gi");
    } else {
      storage.size = *quantity;
    }
  }
  const Field storage_class = field["storageClassName"];
  if (storage_class.present()) storage.storage_class = storage_class.String("", 253);
  return storage;
}

SecretKey ParseExternal(const Field& field) {
  SecretKey secret;
  const Field reference = field["secretRef"];
  if (!reference.Required("name the Secret and the key that hold the URL")) return secret;
  reference.Object();
  for (const auto& [key, target] : {std::pair{"name", &secret.name}, {"key", &secret.key}}) {
    if (reference[key].Required("name the Secret and the key that hold the URL")) {
      const auto text = reference[key].Text(253);
      *target = text.value_or("");
      if (text && text->empty()) reference[key].Fault("is empty");
    }
  }
  return secret;
}

// Whether both are set, with the fault.
bool BothSet(const Field& field, const char* bundled) {
  if (!field[bundled].present() || !field["external"].present()) return false;
  field.Fault(std::string("has ") + bundled + " and external; keep one");
  return true;
}

std::map<std::string, std::string> ParseParameters(const Field& field) {
  std::map<std::string, std::string> parameters{
      {"max_connections", std::to_string(kDefaultMaxConnections)}};
  const Json given = field.Verbatim(Json::value_t::object);
  if (!given.is_object()) return parameters;
  for (const auto& [key, value] : given.items()) {
    const Field parameter = field[key];
    const bool good_name =
        !key.empty() && key.size() <= 63 && std::all_of(key.begin(), key.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        });
    if (!good_name) {
      field.Fault(Quote(key) + " is not a parameter of PostgreSQL");
    } else if (std::find(kReservedParameters.begin(), kReservedParameters.end(), key) !=
               kReservedParameters.end()) {
      parameter.Fault("is set by the operator; remove it");
    } else {
      parameters[key] = parameter.String("", 256);
    }
  }
  const std::string& connections = parameters["max_connections"];
  const bool number = !connections.empty() && connections.size() <= 5 &&
                      std::all_of(connections.begin(), connections.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  const int count = number ? std::atoi(connections.c_str()) : 0;
  if (count < 20 || count > 10'000) {
    field["max_connections"].Fault(Quote(connections) + " has to be between 20 and 10000");
    parameters["max_connections"] = std::to_string(kDefaultMaxConnections);
  }
  return parameters;
}

Database ParseDatabase(const Field& field, const OperatorDefaults& defaults) {
  Database database;
  field.Object();
  BothSet(field, "postgres");
  if (field["external"].Object()) {
    database.external = ParseExternal(field["external"]);
    return database;
  }
  const Field postgres = field["postgres"];
  postgres.Object();
  const Field instances = postgres["instances"];
  if (instances.Int(1, 1, 1000) > 1) {
    instances.Fault("more than 1 is not supported yet; use 1, or an external database");
  }
  database.postgres = Postgres{ParseImage(postgres["image"], defaults.postgres_image),
                               ParseStorage(postgres["storage"], kDefaultPostgresStorage),
                               ParseResources(postgres["resources"], "50m", "128Mi"),
                               ParseParameters(postgres["parameters"])};
  return database;
}

Cache ParseCache(const Field& field, const OperatorDefaults& defaults) {
  Cache cache;
  field.Object();
  BothSet(field, "redis");
  if (field["external"].Object()) {
    cache.external = ParseExternal(field["external"]);
    return cache;
  }
  const Field redis = field["redis"];
  redis.Object();
  cache.redis = Redis{ParseImage(redis["image"], defaults.redis_image),
                      ParseStorage(redis["storage"], kDefaultRedisStorage),
                      ParseResources(redis["resources"], "25m", "64Mi")};
  return cache;
}

std::optional<Migrations> ParseMigrations(const Field& field) {
  field.Object();
  if (!field["enabled"].Bool(true)) return std::nullopt;
  return Migrations{ParseCommand(field["command"], {"todo", "migrate"}),
                    field["args"].Strings(64, 4096),
                    field["backoffLimit"].Int(kDefaultMigrationBackoffLimit, 0, 10)};
}

std::vector<Worker> ParseWorkers(const Field& field, const Backend& backend) {
  std::vector<Worker> workers;
  std::set<std::string> names;
  for (const Field& item : field.Items(20)) {
    Worker worker;
    if (!item.Object()) {
      item.Fault("must be an object");
      continue;
    }
    if (item["name"].Required("every worker has its own")) {
      const auto text = item["name"].Text(253);
      worker.name = text.value_or("");
      if (text && (!IsDnsLabel(worker.name) || worker.name.size() > kMaxWorkerNameLength)) {
        item["name"].Fault(
            Quote(worker.name) +
            " has to be lower case letters, digits and '-', begin with a letter, at most 15 "
            "characters");
      } else if (text && !names.insert(worker.name).second) {
        item["name"].Fault(Quote(worker.name) + " is used twice; rename one worker");
      }
    }
    ParseWorkload(item, {{"todo", "worker"}, kDefaultWorkerReplicas}, backend.namespace_,
                  backend.name, worker);
    workers.push_back(std::move(worker));
  }
  std::sort(workers.begin(), workers.end(),
            [](const Worker& a, const Worker& b) { return a.name < b.name; });
  return workers;
}

void ParseMetadata(const Json& object, Backend& backend, std::vector<std::string>& faults) {
  const Field metadata(Find(object, {"metadata"}), "metadata", faults);
  const auto name = metadata["name"].Text(253);
  backend.name = name.value_or("");
  backend.namespace_ = metadata["namespace"].String("", 63);
  backend.uid = metadata["uid"].String("", 128);
  backend.generation = IntAt(object, {"metadata", "generation"});
  backend.deleting = metadata["deletionTimestamp"].present();
  if (backend.name.size() > kMaxNameLength) {
    metadata["name"].Fault("has " + std::to_string(backend.name.size()) +
                           " characters, at most 40 fit into the names of its children; use a "
                           "shorter name");
  } else if (!IsDnsLabel(backend.name)) {
    metadata["name"].Fault(Quote(backend.name) +
                           " has to be lower case letters, digits and '-', begin with a letter: "
                           "Services are named after it");
  }
}

}  // namespace

Expected<Backend> Parse(const Json& object, const OperatorDefaults& defaults) {
  std::vector<std::string> faults;
  Backend backend;
  ParseMetadata(object, backend, faults);

  const Field spec(Find(object, {"spec"}), "spec", faults);
  spec.Object();
  backend.image = ParseImage(spec["image"], defaults.todo_image);
  backend.image_pull_policy =
      spec["imagePullPolicy"].OneOf({"Always", "IfNotPresent", "Never"}, "IfNotPresent");
  backend.image_pull_secrets = spec["imagePullSecrets"].Verbatim(Json::value_t::array);

  const Field api = spec["api"];
  ParseWorkload(api, {{"todo", "serve"}, kDefaultApiReplicas}, backend.namespace_, backend.name,
                backend.api);
  backend.api.port = api["port"].Int(kDefaultApiPort, 1024, 65'535);
  if (backend.api.port == kMetricsPort) {
    api["port"].Fault("9090 is the port of the metrics; use another one");
  }
  backend.workers = ParseWorkers(spec["workers"], backend);
  backend.database = ParseDatabase(spec["database"], defaults);
  backend.cache = ParseCache(spec["cache"], defaults);
  backend.migrations = ParseMigrations(spec["migrations"]);

  const Field prometheus = spec["monitoring"]["prometheus"];
  const Field url = prometheus["url"];
  backend.prometheus_url = url.String(defaults.prometheus_url, 2048);
  if (url.present() && !backend.prometheus_url.starts_with("http://") &&
      !backend.prometheus_url.starts_with("https://")) {
    url.Fault(Quote(backend.prometheus_url) + " has to begin with http:// or https://");
  }
  backend.prometheus_access =
      ParsePrometheusAccess(prometheus, backend.namespace_, backend.name, backend.prometheus_url);
  backend.paused = spec["paused"].Bool(false);
  backend.deletion_policy = spec["deletionPolicy"].OneOf({"Retain", "Delete"}, "Retain") == "Delete"
                                ? DeletionPolicy::kDelete
                                : DeletionPolicy::kRetain;
  if (faults.empty()) {
    const ConnectionBudget budget = Budget(backend);
    if (budget.pool_size == 0) {
      spec["database"]["postgres"]["parameters"].Fault(
          Describe(budget) + "; raise max_connections or lower maxReplicas of api and workers");
    }
  }
  if (faults.empty()) return backend;
  std::string message;
  for (const std::string& fault : faults) message += (message.empty() ? "" : "\n") + fault;
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace sb::api
