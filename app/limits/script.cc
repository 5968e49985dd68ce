#include "app/limits/script.h"

#include <openssl/sha.h>

namespace todo::limits {

const std::string& ScriptDigest() {
  static const std::string kDigest = [] {
    unsigned char bytes[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(kScript.data()), kScript.size(), bytes);
    std::string hex;
    for (const unsigned char byte : bytes) {
      hex += "0123456789abcdef"[byte >> 4];
      hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
  }();
  return kDigest;
}

}  // namespace todo::limits
