#include "operator/resources/services.h"

#include <string>
#include <utility>

#include "operator/api/names.h"
#include "operator/resources/metadata.h"

namespace sb::resources {
namespace {

Json Service(const api::Backend& backend, std::string name, const char* component,
             const char* port_name, int port) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", ChildMetadata(backend, std::move(name), component)},
          {"spec",
           {{"type", "ClusterIP"},
            {"selector", SelectorLabels(backend, component)},
            {"sessionAffinity", "None"},
            {"ports", Json::array({{{"name", port_name},
                                    {"port", port},
                                    {"targetPort", port_name},
                                    {"protocol", "TCP"}}})}}}};
}

}  // namespace

Json ApiService(const api::Backend& backend) {
  return Service(backend, api::ApiName(backend.name), api::kApiComponent, "http", 80);
}

Json PostgresService(const api::Backend& backend) {
  Json service = Service(backend, api::PostgresName(backend.name), api::kPostgresComponent,
                         "postgres", api::kPostgresPort);
  service["spec"]["clusterIP"] = "None";
  // Members find each other before they are ready.
  service["spec"]["publishNotReadyAddresses"] = true;
  return service;
}

Json PostgresRwService(const api::Backend& backend) {
  return Service(backend, api::PostgresRwName(backend.name), api::kPostgresComponent, "postgres",
                 api::kPostgresPort);
}

Json RedisService(const api::Backend& backend) {
  return Service(backend, api::RedisName(backend.name), api::kRedisComponent, "redis",
                 api::kRedisPort);
}

}  // namespace sb::resources
