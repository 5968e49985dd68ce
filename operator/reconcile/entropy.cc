#include "operator/reconcile/entropy.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "common/log.h"

namespace sb::reconcile {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kLength = 40;  // 238 bits

std::string RandomText() {
  // 248 is the largest multiple of 62 in a byte: what lies above would favour some characters.
  constexpr unsigned char kUnbiased = 248;
  std::string text;
  while (text.size() < kLength) {
    unsigned char byte = 0;
    if (RAND_bytes(&byte, 1) != 1) {
      log::Error("no randomness for new credentials");
      std::abort();
    }
    if (byte < kUnbiased) text += kAlphabet[byte % kAlphabet.size()];
  }
  return text;
}

}  // namespace

resources::Entropy DrawEntropy() {
  return {
      .postgres_password = RandomText(), .redis_password = RandomText(), .jwt_key = RandomText()};
}

}  // namespace sb::reconcile
