#include "operator/resources/credentials.h"

#include <array>
#include <string_view>

#include "common/base64.h"
#include "operator/api/names.h"
#include "operator/resources/metadata.h"

namespace sb::resources {
namespace {

constexpr std::array<const char*, 8> kKeys{
    api::kUsernameKey,      api::kPasswordKey, api::kDatabaseKey, api::kDatabaseUrlKey,
    api::kRedisPasswordKey, api::kRedisUrlKey, api::kQueueUrlKey, api::kJwtKeyKey};

}  // namespace

Json CredentialsSecret(const api::Backend& backend, const Entropy& entropy) {
  const std::string postgres_address =
      api::PostgresRwName(backend.name) + ":" + std::to_string(api::kPostgresPort);
  const std::string redis_url = "redis://:" + entropy.redis_password + "@" +
                                api::RedisName(backend.name) + ":" +
                                std::to_string(api::kRedisPort);
  Json metadata = ChildMetadata(backend, api::CredentialsName(backend.name), "", "",
                                Lifetime::kFollowsDeletionPolicy);
  metadata["annotations"] = KeepOutOfArgo();
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", metadata},
          {"type", "Opaque"},
          {"data",
           {{api::kUsernameKey, EncodeBase64(api::kDatabaseUser)},
            {api::kPasswordKey, EncodeBase64(entropy.postgres_password)},
            {api::kDatabaseKey, EncodeBase64(api::kDatabaseName)},
            {api::kDatabaseUrlKey,
             EncodeBase64(std::string("postgresql://") + api::kDatabaseUser + ":" +
                    entropy.postgres_password + "@" + postgres_address + "/" + api::kDatabaseName)},
            {api::kRedisPasswordKey, EncodeBase64(entropy.redis_password)},
            {api::kRedisUrlKey, EncodeBase64(redis_url + "/0")},
            {api::kQueueUrlKey, EncodeBase64(redis_url + "/1")},
            {api::kJwtKeyKey, EncodeBase64(entropy.jwt_key)}}}};
}

std::string MissingCredentials(const Json& secret) {
  std::string missing;
  for (const char* key : kKeys) {
    if (StringAt(secret, {"data", key}).empty())
      missing += (missing.empty() ? "" : ", ") + std::string(key);
  }
  return missing;
}

}  // namespace sb::resources
