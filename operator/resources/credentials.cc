#include "operator/resources/credentials.h"

#include <array>
#include <string_view>

#include "operator/api/names.h"
#include "operator/resources/metadata.h"

namespace sb::resources {
namespace {

constexpr std::array<const char*, 8> kKeys{
    api::kUsernameKey,      api::kPasswordKey, api::kDatabaseKey, api::kDatabaseUrlKey,
    api::kRedisPasswordKey, api::kRedisUrlKey, api::kQueueUrlKey, api::kJwtKeyKey};

// RFC 4648 §4.
std::string Base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= left ? kAlphabet[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

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
           {{api::kUsernameKey, Base64(api::kDatabaseUser)},
            {api::kPasswordKey, Base64(entropy.postgres_password)},
            {api::kDatabaseKey, Base64(api::kDatabaseName)},
            {api::kDatabaseUrlKey,
             Base64(std::string("postgresql://") + api::kDatabaseUser + ":" +
                    entropy.postgres_password + "@" + postgres_address + "/" + api::kDatabaseName)},
            {api::kRedisPasswordKey, Base64(entropy.redis_password)},
            {api::kRedisUrlKey, Base64(redis_url + "/0")},
            {api::kQueueUrlKey, Base64(redis_url + "/1")},
            {api::kJwtKeyKey, Base64(entropy.jwt_key)}}}};
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
