#include "app/webhooks/signature.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

#include "common/base64.h"

namespace todo::webhooks {
namespace {

constexpr std::string_view kPrefix = "whsec_";

}  // namespace

std::string NewSecret() {
  unsigned char bytes[32];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("no random bytes");
  return std::string(kPrefix) +
         sb::EncodeBase64({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

std::string Sign(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                 std::string_view body) {
  if (!secret.starts_with(kPrefix)) return "";
  const std::optional<std::string> key = sb::DecodeBase64(secret.substr(kPrefix.size()));
  if (!key || key->empty()) return "";
  std::string content(id);
  content += '.';
  content += std::to_string(unix_seconds);
  content += '.';
  content += body;
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()),
           reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac,
           &size) == nullptr) {
    return "";
  }
  return "v1," + sb::EncodeBase64({reinterpret_cast<const char*>(mac), size});
}

}  // namespace todo::webhooks
